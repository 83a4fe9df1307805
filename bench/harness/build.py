"""Builds what takes part: ours in release, and the peers in a Python environment of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .contestant import OUT, PEERS, PROGRAMS, PYTHON, ROOT

_C_FLAGS = ("-O2", "-Wall", "-Wextra", "-std=c11", "-D_POSIX_C_SOURCE=200809L")
_LIBRARY = ROOT / "target" / "release"
_WHEELS = OUT / "wheels"


class BuildError(Exception):
    """Something of ours does not build; the message has the tool's output."""


def build(say: Callable[[str], None]) -> dict[str, str]:
    """Builds everything; returns why a peer did not install, by the peer's name."""
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    say("building the release")
    _run(["cargo", "build", "--release", "-p", "odbc_engine_ffi", "-p", "odbc_engine_bench"])
    _compile("limit", ["-lodbc"])
    _compile("insert", ["-lodbc"])
    include = ["-I", str(ROOT / "ffi" / "include")]
    link = ["-L", str(_LIBRARY), "-lodbc_engine", f"-Wl,-rpath,{_LIBRARY}"]
    _compile("c_abi", [*include, *link])
    _build_dart()
    return _install_python(say)


def _compile(name: str, flags: Sequence[str]) -> None:
    source = ROOT / "bench" / f"{name}.c"
    _run(["cc", *_C_FLAGS, "-o", str(PROGRAMS / name), str(source), *flags])


def _build_dart() -> None:
    folder = ROOT / "bench" / "dart"
    _run(os.environ.get("DART_PUB_GET", "dart pub get").split(), folder)
    _run(["dart", "compile", "exe", "bin/bench.dart", "-o", str(PROGRAMS / "dart")], folder)


def _install_python(say: Callable[[str], None]) -> dict[str, str]:
    if not PYTHON.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(OUT / "venv")])
    # A wheel, since `maturin develop` would put the release into the package's own folder.
    for wheel in _WHEELS.glob("*.whl"):
        wheel.unlink()
    manifest = str(ROOT / "python" / "Cargo.toml")
    build = ["maturin", "build", "--release", "--quiet", "--manifest-path", manifest]
    _run([*build, "--out", str(_WHEELS)])
    _pip("--no-deps", "--force-reinstall", *map(str, _WHEELS.glob("*.whl")))
    _pip("pyarrow")
    missing = {}
    for peer in PEERS:
        if peer in installed():
            continue
        say(f"installing {peer}")
        try:
            _pip(peer)
        except BuildError as error:
            missing[peer] = _reason(str(error))
            say(f"{peer} did not install: {missing[peer]}")
    return missing


def installed() -> Mapping[str, str]:
    """The versions in the peers' environment, by the names of their distributions."""
    listing = _run([str(PYTHON), "-m", "pip", "list", "--format=freeze"])
    pairs = (line.split("==", 1) for line in listing.splitlines() if "==" in line)
    return {name.lower().replace("_", "-"): version for name, version in pairs}


def _pip(*arguments: str) -> None:
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, *arguments])


def _reason(output: str) -> str:
    """The line of a failed installation that says why."""
    errors = [line.strip() for line in output.splitlines() if re.search(r"\berror\b:?", line, re.I)]
    told = [line for line in errors if "subprocess-exited" not in line and "metadata-" not in line]
    return (told or errors or ["no reason given"])[0]


def _run(command: Sequence[str], folder: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
