"""Ctrl-C: a real SIGINT stops what the main thread waits for, and Python raises."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATABASES, SERVERS, connection_string

import odbc_engine

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="not run: on Windows Ctrl-C is seen after the call"
)

# What each test would take if nothing were stopped is a minute or more.
SECONDS_MAX = 10.0

PROGRAM = """
import itertools, os, signal, sys, threading, time
import odbc_engine

# A program in the background of a shell ignores SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
connection = odbc_engine.connect(os.environ["TEST_CONNECTION"], **{options})

def say(word):
    print(word, flush=True)

def endless():
    for number in itertools.count():
        if number == 200_000:
            say("running")
        yield {{"i": number}}

def handler(signum, frame):
    say("handled")

# Not within the "try" itself: CPython 3.12 and 3.13 leave the jumps back of some loops out of it.
def act():
    global connection
{action}

try:
    act()
    say("done")
except KeyboardInterrupt:
    say("interrupted")
except RuntimeError as error:
    say(error)
if not connection.closed:
    connection.rollback()
    say(connection.execute("select 41 + 1").fetchone()[0])
"""


class Child:
    """A program that is interrupted."""

    def __init__(self, connection_string: str, action: str, options: str = "{}") -> None:
        program = PROGRAM.format(action=textwrap.indent(action, "    "), options=options)
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TEST_CONNECTION": connection_string},
        )

    def expect(self, *words: str) -> None:
        """Reads these lines; the first within the time that stopping may take."""
        assert self.process.stdout is not None
        for word in words:
            line = self.process.stdout.readline().strip()
            if line != word:
                self.process.kill()
                raise AssertionError(f"{line!r}, not {word!r}: {self.process.communicate()[1]}")

    def interrupt(self, *words: str) -> None:
        """Sends SIGINT; expects these lines soon, and an end without an error."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.expect(words[0])
        assert time.monotonic() - began < SECONDS_MAX
        self.expect(*words[1:])
        self.end()

    def end(self) -> None:
        """Expects an end without an error."""
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors


SLEEP = {"postgresql": "select pg_sleep(60)", "mariadb": "select sleep(60)"}
BURN = {
    "postgresql": "select count(*) from generate_series(1, 20000000000)",
    "mariadb": "select sum(a.seq * b.seq) from seq_1_to_1000000 a, seq_1_to_1000000 b",
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n) "
    "select count(*) from n where i < 0",
}
# Ten million rows, made as they are read; MariaDB's driver wants them all first, so fewer.
MANY = {
    "postgresql": "select i, md5(i::text) as s from generate_series(1, 10000000) i",
    "mariadb": "select seq as i, md5(seq) as s from seq_1_to_2000000",
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000000) "
    "select i, 'text' as s from n",
}
RUNNING = {
    "postgresql": "select count(*) from pg_stat_activity "
    "where state = 'active' and query like ? and pid <> pg_backend_pid()",
    "mariadb": "select count(*) from information_schema.processlist "
    "where info like ? and id <> connection_id()",
}


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_running(other: odbc_engine.Connection, database: str, marker: str) -> bool:
    row = other.execute(RUNNING[database], [f"%{marker}%"]).fetchone()
    return row is not None and row[0] > 0


@pytest.mark.parametrize("database", SERVERS, indirect=True)
@pytest.mark.parametrize("work", ["sleep", "burn"])
def test_a_query_stops_on_the_server(
    database: str, target: str, other: odbc_engine.Connection, work: str
) -> None:
    marker = f"marker_{work}_{os.getpid()}"
    sql = {"sleep": SLEEP, "burn": BURN}[work][database] + f" /* {marker} */"
    child = Child(target, f'connection.execute("{sql}").fetchall()')
    until(lambda: is_running(other, database, marker))
    child.interrupt("interrupted", "42")
    until(lambda: not is_running(other, database, marker))


def test_a_query_stops_in_sqlite(tmp_path: Path) -> None:
    action = f'say("running")\nconnection.execute("{BURN["sqlite"]}").fetchall()'
    child = Child(connection_string("sqlite", tmp_path), action)
    child.expect("running")
    # It cannot be asked whether it runs.
    time.sleep(0.3)
    child.interrupt("interrupted", "42")


# A library is imported before: where SIGINT comes within an `exec` of the import, CPython 3.11 ends
# the process by SIGINT even though the exception was caught.
READS = {
    "rows": """
for number, row in enumerate(connection.execute(sql)):
    if number == 10_000:
        say("running")
""",
    "batches": """
for number, batch in enumerate(connection.execute(sql).stream(batch_rows_max=1_000)):
    if number == 10:
        say("running")
""",
    "fetchall": """
cursor = connection.execute(sql)
say("running")
cursor.fetchall()
""",
    "pyarrow": """
import pyarrow
cursor = connection.execute(sql)
say("running")
cursor.fetch_pyarrow()
""",
    "polars": """
import polars
cursor = connection.execute(sql)
say("running")
cursor.fetch_polars()
""",
    # Nearly all the time passes between two calls of the driver, within polars.
    "polars, a row at a time": """
import polars
cursor = connection.execute(sql)
cursor.stream(batch_rows_max=1)
say("running")
cursor.fetch_polars()
""",
}


@pytest.mark.parametrize("database", DATABASES, indirect=True)
@pytest.mark.parametrize("read", READS)
def test_reading_stops(database: str, target: str, read: str) -> None:
    # MariaDB's driver holds the result: it is read on, to be stopped between its batches.
    streaming = database != "mariadb"
    action = f'sql = "{MANY[database]}"\n' + READS[read]
    child = Child(target, action, f"{{'streaming': {streaming}, 'autocommit': True}}")
    child.expect("running")
    child.interrupt("interrupted", "42")


ROWS = {
    "objects": "endless()",
    "arrow": "pyarrow.RecordBatchReader.from_batches(schema, batches())",
}


@pytest.mark.parametrize("database", DATABASES, indirect=True)
@pytest.mark.parametrize("rows", ROWS)
def test_a_bulk_insert_stops_and_leaves_nothing(
    database: str, target: str, other: odbc_engine.Connection, rows: str
) -> None:
    other.execute("drop table if exists interrupted")
    other.execute("create table interrupted (i bigint)")
    action = f"""
import pyarrow
schema = pyarrow.schema([("i", pyarrow.int64())])
def batches():
    for number in itertools.count():
        if number == 20:
            say("running")
        yield pyarrow.record_batch([range(10_000)], schema=schema)
connection.bulk_insert("interrupted", {ROWS[rows]}, types={"None" if rows == "arrow" else ["l"]})
"""
    child = Child(target, action)
    child.expect("running")
    child.interrupt("interrupted", "42")
    assert other.execute("select count(*) from interrupted").fetchone() == (0,)
    other.execute("drop table interrupted")


@pytest.mark.parametrize("database", SERVERS, indirect=True)
def test_an_insert_over_several_connections_stops(
    database: str, target: str, other: odbc_engine.Connection
) -> None:
    """One worker waits for a lock that another connection holds."""
    other.execute("drop table if exists locked")
    other.execute("create table locked (i bigint primary key)")
    other.begin()
    other.execute("insert into locked values (250000)")
    action = """
with odbc_engine.Pool(os.environ["TEST_CONNECTION"], size_max=2) as pool:
    pool.bulk_insert_parallel("locked", endless(), types=["l"], parallelism=2)
"""
    child = Child(target, action)
    child.expect("running")
    with odbc_engine.connect(target, autocommit=True) as watching:
        until(lambda: is_running(watching, database, "locked"))
    child.interrupt("interrupted", "42")
    other.rollback()
    assert other.execute("select count(*) from locked").fetchone() == (0,)
    other.execute("drop table locked")


@pytest.mark.parametrize("database", SERVERS, indirect=True)
@pytest.mark.parametrize("how", ["execute", "bulk_insert"])
def test_waiting_for_a_lock_stops(
    database: str, target: str, other: odbc_engine.Connection, how: str
) -> None:
    other.execute("drop table if exists locked")
    other.execute("create table locked (i bigint primary key, v integer)")
    other.execute("insert into locked values (1, 0)")
    other.begin()
    other.execute("update locked set v = 1 where i = 1")
    with odbc_engine.connect(target, autocommit=True) as watching:
        waits = {
            "execute": 'connection.execute("update locked set v = 2 where i = 1")',
            "bulk_insert": 'connection.bulk_insert("locked", [{"i": 1, "v": 5}])',
        }
        if how == "bulk_insert":
            other.execute("delete from locked where i = 1")
        child = Child(target, waits[how])
        until(lambda: is_running(watching, database, "locked"))
        time.sleep(0.2)
        child.interrupt("interrupted", "42")
    other.rollback()
    assert other.execute("select v from locked").fetchall() == [(0,)]
    other.execute("drop table locked")


@pytest.fixture
def slow(tmp_path: Path) -> tuple[str, str]:
    """Something that takes long, on a database that every machine has."""
    return connection_string("sqlite", tmp_path), f'connection.execute("{BURN["sqlite"]}")'


def test_a_handler_that_raises_stops_the_query(slow: tuple[str, str]) -> None:
    target, query = slow
    action = f"""
def handler(signum, frame):
    raise RuntimeError("raised")
signal.signal(signal.SIGINT, handler)
say("running")
{query}
"""
    child = Child(target, action)
    child.expect("running")
    time.sleep(0.3)
    child.interrupt("raised", "42")


def test_a_handler_that_raises_stops_the_reading_of_a_table(tmp_path: Path) -> None:
    action = f"""
import polars
def handler(signum, frame):
    raise RuntimeError("raised")
signal.signal(signal.SIGINT, handler)
cursor = connection.execute("{MANY["sqlite"]}")
cursor.stream(batch_rows_max=1)
say("running")
cursor.fetch_polars()
"""
    options = "{'streaming': True, 'autocommit': True}"
    child = Child(connection_string("sqlite", tmp_path), action, options)
    child.expect("running")
    time.sleep(0.3)
    child.interrupt("raised", "42")


def test_a_handler_that_returns_stops_nothing(tmp_path: Path) -> None:
    finite = BURN["sqlite"].replace("i + 1 from n", "i + 1 from n where i < 5000000")
    action = f"""
signal.signal(signal.SIGINT, handler)
say("running")
connection.execute("{finite}").fetchall()
"""
    child = Child(connection_string("sqlite", tmp_path), action)
    child.expect("running")
    time.sleep(0.3)
    child.interrupt("handled", "done", "42")


def test_the_default_handler_works_again_after_another_one(slow: tuple[str, str]) -> None:
    target, query = slow
    action = f"""
connection.execute("select 1").fetchall()
signal.signal(signal.SIGINT, handler)
connection.execute("select 1").fetchall()
signal.signal(signal.SIGINT, signal.SIG_IGN)
connection.execute("select 1").fetchall()
signal.signal(signal.SIGINT, signal.default_int_handler)
say("running")
{query}
"""
    child = Child(target, action)
    child.expect("running")
    time.sleep(0.3)
    child.interrupt("interrupted", "42")


def test_other_threads_are_left_alone(tmp_path: Path) -> None:
    finite = BURN["sqlite"].replace("i + 1 from n", "i + 1 from n where i < 5000000")
    action = f"""
rows = []
done = threading.Event()
def work():
    say("running")
    rows.extend(connection.execute("{finite}").fetchall())
    done.set()
threading.Thread(target=work).start()
try:
    done.wait()
except KeyboardInterrupt:
    say("interrupted")
done.wait()
say(len(rows))
"""
    child = Child(connection_string("sqlite", tmp_path), action)
    child.expect("running")
    time.sleep(0.3)
    child.interrupt("interrupted", "1", "done", "42")


def test_another_thread_may_cancel(slow: tuple[str, str]) -> None:
    target, query = slow
    action = f"""
cursor = connection.cursor()
threading.Timer(0.3, connection.cancel).start()
try:
    {query}
except odbc_engine.OperationalError as error:
    say(error.kind.name)
"""
    child = Child(target, action)
    child.expect("CANCELLED", "done", "42")
    child.end()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_connecting_is_left_alone(database: str, target: str) -> None:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        parts = odbc_engine.parse_connection_string(target)
        silent = odbc_engine.build_connection_string(
            [
                (key, {"port": str(port), "server": "127.0.0.1"}.get(key.lower(), value))
                for key, value in parts
            ]
        )
        action = f"""
say("running")
odbc_engine.connect({silent!r}, login_timeout_ms=600_000)
"""
        child = Child(target, action)
        child.expect("running")
        accepted, _ = server.accept()
        with accepted:
            child.interrupt("interrupted", "42")


def test_waiting_for_a_pool_stops(tmp_path: Path) -> None:
    action = """
pool = odbc_engine.Pool(os.environ["TEST_CONNECTION"], size_max=1, acquire_timeout_ms=600_000)
held = pool.acquire()
say("running")
pool.acquire()
"""
    child = Child(connection_string("sqlite", tmp_path), action)
    child.expect("running")
    time.sleep(0.2)
    child.interrupt("interrupted", "42")


@pytest.mark.parametrize("handler", ["signal.default_int_handler", "raising"])
def test_a_fetch_that_was_interrupted_leaves_no_gap(handler: str, tmp_path: Path) -> None:
    action = f"""
def raising(signum, frame):
    raise KeyboardInterrupt
signal.signal(signal.SIGINT, {handler})
cursor = connection.execute("{MANY["sqlite"]}")
stream = cursor.stream(batch_rows_max=1_000)
def interrupt():
    while stream.progress.rows < 10_000:
        time.sleep(0)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    cursor.fetchall()
except KeyboardInterrupt:
    say("interrupted")
for read in (cursor.fetchone, cursor.fetchall, lambda: next(stream)):
    try:
        read()
    except odbc_engine.ProgrammingError as error:
        say("lost" if "execute it again" in str(error) else error)
"""
    options = "{'streaming': True, 'autocommit': True}"
    child = Child(connection_string("sqlite", tmp_path), action, options)
    child.expect("interrupted", "lost", "lost", "lost", "done", "42")
    child.end()
