#!/usr/bin/env python3
"""Private database servers as test fixtures.

    python tools/servers.py run [--databases sqlite,postgresql,mariadb] -- COMMAND...

starts the servers on free ports with throw-away data, runs COMMAND with their connection strings in
ODBC_ENGINE_SQLITE, ODBC_ENGINE_POSTGRESQL and ODBC_ENGINE_MARIADB, and stops them whatever happens.
A variable that is set already is left alone: that database is used instead of a private one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from databases import DATABASES, ServerError
from databases.stopping import STOP_SIGNALS, Interrupted, block_signals, unblock_signals

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS_MAX = 15.0


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """A new folder for all data: in target/, or in /var/tmp if the servers cannot reach that."""
    parent = ROOT / "target" / "servers"
    parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0 and not all(
        path.stat().st_mode & 0o001 for path in (parent, *parent.parents)
    ):
        parent = Path("/var/tmp")
    folder = Path(tempfile.mkdtemp(prefix="odbc_engine-", dir=parent))
    try:
        folder.chmod(0o711)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def databases(names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Starts the named databases; yields the variables that hold their connection strings."""
    with data_folder() as folder, contextlib.ExitStack() as running:
        variables = {}
        for name in names:
            kind = DATABASES[name]
            if os.environ.get(kind.variable):
                say(f"{kind.title}: the one of {kind.variable} is used")
                continue
            began = time.monotonic()
            database = kind(folder / name)
            running.callback(database.stop)
            database.start()
            variables[kind.variable] = database.connection_string
            say(f"{kind.title} is up ({time.monotonic() - began:.1f} s)")
        yield variables


def run(command: Sequence[str], variables: dict[str, str]) -> int:
    """Runs command in its own process group, hands stop signals on, returns the exit code."""
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "--", *command],
        env={**os.environ, **variables},
        process_group=0,
        preexec_fn=unblock_signals,
    )
    kill_at: float | None = None
    while process.poll() is None:
        got = signal.sigtimedwait(STOP_SIGNALS | {signal.SIGCHLD}, 1.0)
        if got and got.si_signo in STOP_SIGNALS:
            # The second request, or none heeded in time, is final.
            signal_group(process.pid, signal.SIGKILL if kill_at else got.si_signo)
            kill_at = kill_at or time.monotonic() + STOP_SECONDS_MAX
        if kill_at and time.monotonic() > kill_at:
            signal_group(process.pid, signal.SIGKILL)
    signal_group(process.pid, signal.SIGKILL)  # what the command left behind
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def say(message: str) -> None:
    print(f"servers: {message}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    action = actions.add_parser("run", help="run a command with the servers up")
    action.add_argument(
        "--databases", default=",".join(DATABASES), help="comma-separated; default: %(default)s"
    )
    action.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    names = [name for name in arguments.databases.split(",") if name]
    if unknown := sorted(set(names) - set(DATABASES)):
        parser.error(f"--databases: unknown {', '.join(unknown)}; known are {', '.join(DATABASES)}")
    block_signals()
    try:
        with databases(names) as variables:
            return run(arguments.command, variables)
    except Interrupted as interruption:
        say(str(interruption))
        return 128 + interruption.number
    except (ServerError, OSError) as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
