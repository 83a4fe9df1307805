"""A run that is stopped takes its harnesses with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import yaml

from .conftest import ROOT, SmallSuite

# Tells its process id through a named pipe, then waits for a request that it never answers.
HARNESS = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid())); sys.stdin.read()"


@pytest.mark.parametrize(
    ("stop", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
def test_stopping_a_run_ends_its_harnesses(
    small_suite: SmallSuite, stop: signal.Signals, status: int
) -> None:
    pipe = small_suite.root / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-c", HARNESS, str(pipe)]
    bindings = {"rust": {"title": "Rust", "command": command}}
    small_suite.write("conformance/bindings.yaml", yaml.safe_dump({"bindings": bindings}))
    arguments = [sys.executable, "-m", "conformance", "--root", str(small_suite.root), "run"]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as conductor:
        harness = int(pipe.read_text())
        conductor.send_signal(stop)
        printed, _ = conductor.communicate()
    assert conductor.returncode == status
    assert "missing" not in printed
    with pytest.raises(ProcessLookupError):
        os.kill(harness, 0)
