"""The bootstrap installs only what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

RUST = Path(__file__).resolve().parents[1] / "bootstrap" / "rust.sh"
# What rust.sh expects of bootstrap.sh, and installers that only tell that they were called.
SCRIPT = f"""
set -euo pipefail
CACHE="$HOME/cache"
fail() {{ echo "$*"; exit 1; }}
version_at_least() {{ [ "$1" = "$2" ]; }}
put_on_path() {{ PATH="$1:$PATH"; }}
source "{RUST}"
rust_by_rustup() {{ echo installed; put_on_path "$CARGO_BIN"; }}
rust_by_debian() {{ return 1; }}
bootstrap_rust
rustc --version
"""


def toolchain(folder: Path, version: str) -> None:
    folder.mkdir(parents=True)
    for name in ("rustc", "cargo", "cargo-clippy", "cargo-fmt"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho {name} {version}\n")
        program.chmod(0o755)


def bootstrap(home: Path, **environment: str) -> list[str]:
    """The lines that the bootstrap says on a machine without a Rust of its own."""
    programs = home / "programs"
    programs.mkdir()
    for name in ("bash", "sh", "cut"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    done = subprocess.run(
        ["bash", "-c", SCRIPT],
        env={"HOME": str(home), "PATH": str(programs), **environment},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout.splitlines()


def minimum() -> str:
    line = next(line for line in RUST.read_text().splitlines() if line.startswith("RUST_MINIMUM="))
    return line.partition("=")[2]


@pytest.mark.parametrize("folder", [".cargo", "elsewhere"])
def test_what_rustup_installed_before_is_found(tmp_path: Path, folder: str) -> None:
    toolchain(tmp_path / folder / "bin", minimum())
    own = {} if folder == ".cargo" else {"CARGO_HOME": str(tmp_path / folder)}
    assert bootstrap(tmp_path, **own) == [f"rustc {minimum()}"]


def test_what_is_on_path_comes_first(tmp_path: Path) -> None:
    toolchain(tmp_path / ".cargo" / "bin", "0.1")
    toolchain(tmp_path / "mine", minimum())
    path = os.pathsep.join([str(tmp_path / "mine"), str(tmp_path / "programs")])
    assert bootstrap(tmp_path, PATH=path) == [f"rustc {minimum()}"]
