"""The databases that the tests run on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import odbc_engine

# Which driver is as the environment says; each test has a database of its own.
_SQLITE = os.environ.get("ODBC_ENGINE_SQLITE", "Driver=SQLite3")
DRIVER = next(part for part in _SQLITE.split(";") if part.lower().startswith("driver="))
IN_MEMORY = f"{DRIVER};Database=:memory:"
SERVERS = ["postgresql", "mariadb"]
DATABASES = [*SERVERS, "sqlite"]


@pytest.fixture
def connection() -> Iterator[odbc_engine.Connection]:
    """A connection to an embedded database of its own."""
    connection = odbc_engine.connect(IN_MEMORY)
    yield connection
    connection.close()


@pytest.fixture
def cursor(connection: odbc_engine.Connection) -> odbc_engine.Cursor:
    return connection.cursor()


@pytest.fixture
def database_file(tmp_path: Path) -> str:
    """A connection string for a database that several connections may share."""
    return f"{DRIVER};Database={tmp_path / 'test.db'}"


def server(variable: str) -> Iterator[odbc_engine.Connection]:
    connection_string = os.environ.get(variable)
    if not connection_string:
        pytest.skip(f"not run: {variable} is not set")
    connection = odbc_engine.connect(connection_string)
    yield connection
    connection.close()


def connection_string(database: str, tmp_path: Path) -> str:
    """That of a database by its name."""
    if database == "sqlite":
        return f"{DRIVER};Database={tmp_path / 'named.db'}"
    found = os.environ.get(f"ODBC_ENGINE_{database.upper()}")
    if not found:
        pytest.skip(f"not run: ODBC_ENGINE_{database.upper()} is not set")
    return found


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def target(database: str, tmp_path: Path) -> str:
    """The connection string of the database."""
    return connection_string(database, tmp_path)


@pytest.fixture
def other(target: str) -> Iterator[odbc_engine.Connection]:
    """A connection that nothing is done to."""
    with odbc_engine.connect(target, autocommit=True) as connection:
        yield connection


@pytest.fixture
def postgresql() -> Iterator[odbc_engine.Connection]:
    yield from server("ODBC_ENGINE_POSTGRESQL")


@pytest.fixture
def mariadb() -> Iterator[odbc_engine.Connection]:
    yield from server("ODBC_ENGINE_MARIADB")


@pytest.fixture
def run_python(tmp_path: Path) -> Callable[[str], str]:
    """Runs a program in an interpreter and a folder of its own; returns what it printed."""

    def run(program: str) -> str:
        process = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            cwd=tmp_path,
            env={**os.environ, "IN_MEMORY": IN_MEMORY, "PYTHONIOENCODING": "utf-8"},
        )
        assert process.returncode == 0, process.stderr
        return process.stdout

    return run
