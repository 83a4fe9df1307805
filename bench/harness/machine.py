"""The machine and the versions of what ran on it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import build
from .contestant import PEERS, ROOT

_DEBIAN_PACKAGES = {
    "unixODBC": "unixodbc",
    "psqlodbc": "odbc-postgresql",
    "MariaDB Connector/ODBC": "odbc-mariadb",
    "sqliteodbc": "libsqliteodbc",
    "SQLite": "libsqlite3-0",
    "PostgreSQL": "postgresql-15",
    "MariaDB": "mariadb-server",
}


def machine() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{_system()}, Linux {platform.release()}",
    }


def versions(missing_peers: Mapping[str, str]) -> dict[str, str]:
    """By name; a peer that did not install says so."""
    found = {"odbc_engine": _line("git", "-C", str(ROOT), "describe", "--always", "--dirty")}
    for name, package in _DEBIAN_PACKAGES.items():
        found[name] = _line("dpkg-query", "-W", "-f", "${Version}", package)
    found["Python"] = platform.python_version()
    found["Rust"] = _line("rustc", "--version").removeprefix("rustc ")
    found["Dart"] = _line("dart", "--version").removeprefix("Dart SDK version: ")
    found["C compiler"] = _line("cc", "--version")
    installed = build.installed()
    for name in ("pyarrow", *PEERS):
        found[name] = installed.get(name, "")
    for peer, reason in missing_peers.items():
        found[peer] = f"did not install: {reason}"
    return {name: version or "not known" for name, version in found.items()}


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return model[1] if model else platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _line(*command: str) -> str:
    """The first line that a command prints, or nothing."""
    return next(iter(_output(command).splitlines()), "").strip()


def _output(command: Sequence[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
