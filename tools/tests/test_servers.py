"""Private servers serve one command and are gone with it, however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from databases import server

SERVERS = Path(__file__).parent.parent / "servers.py"
VARIABLES = {
    "sqlite": "ODBC_ENGINE_SQLITE",
    "postgresql": "ODBC_ENGINE_POSTGRESQL",
    "mariadb": "ODBC_ENGINE_MARIADB",
}
END_SECONDS_MAX = 60


def start(databases: str, program: str, **environment: str) -> subprocess.Popen[str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("ODBC_ENGINE_")}
    command = [sys.executable, str(SERVERS), "run", f"--databases={databases}", "--"]
    return subprocess.Popen(
        [*command, sys.executable, "-u", "-c", program],
        env={**own, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Also when the tests themselves run where interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=END_SECONDS_MAX)
    return process.returncode, output, errors


def show(variable: str) -> str:
    return f"import os; print(os.environ[{variable!r}])"


def test_the_exit_code_is_the_commands() -> None:
    assert finish(start("sqlite", "raise SystemExit(7)"))[0] == 7


def test_a_database_file_is_gone_afterwards() -> None:
    code, output, _ = finish(start("sqlite", show("ODBC_ENGINE_SQLITE")))
    assert code == 0
    file = re.fullmatch(r"Driver=SQLite3;Database=(.+)\n", output)
    assert file
    assert not Path(file[1]).parent.exists()


@pytest.mark.parametrize("database", VARIABLES)
def test_a_database_of_the_users_own_is_used(database: str) -> None:
    variable = VARIABLES[database]
    code, output, errors = finish(start(database, show(variable), **{variable: "Driver=Mine"}))
    assert (code, output) == (0, "Driver=Mine\n")
    assert variable in errors


def test_an_unknown_database_is_named() -> None:
    code, _, errors = finish(start("sqlite,access", "pass"))
    assert code == 2
    assert "unknown access" in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("database", ["postgresql", "mariadb"])
def test_an_interrupted_run_leaves_nothing(database: str, number: signal.Signals) -> None:
    wait = "; print(flush=True); import signal; signal.pause()"
    process = start(database, show(VARIABLES[database]) + wait)
    assert process.stdout
    connection_string = process.stdout.readline()
    port = re.search(r"Port=(\d+)", connection_string)
    assert port
    assert listens(int(port[1]))
    process.send_signal(number)
    code, _, _ = finish(process)
    assert code == 128 + number
    assert not listens(int(port[1]))


class Silent(server.Server):
    """Takes a login and never answers it."""

    title = "Silent"
    account = "nobody"
    driver = "none"
    variable = "ODBC_ENGINE_SILENT"
    login_password_variable = "SILENT_PASSWORD"

    def create(self) -> None:
        pass

    def command(self) -> list[str]:
        return []

    def login_command(self) -> list[str]:
        return ["sleep", "60"]


def test_a_login_without_an_answer_is_no_readiness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LOGIN_SECONDS_MAX", 0.2)
    assert not Silent(tmp_path / "silent").is_ready()


def listens(port: int) -> bool:
    """Whether a socket of this machine listens there; asks the kernel and connects to nothing."""
    wanted = f"0100007F:{port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1] == wanted and line.split()[3] == "0A" for line in lines)
