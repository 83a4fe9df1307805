"""What works in a process also works in one that was forked from it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import connection_string
from test_interrupt import BURN, Child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not run: Windows forks nothing")


def test_a_forked_child_is_interrupted_too(tmp_path: Path) -> None:
    action = f"""
connection.execute("select 1").fetchall()
connection.close()
if os.fork():
    # Whoever sends it a signal sends it to this process.
    signal.signal(signal.SIGINT, lambda *_: os.killpg(0, signal.SIGUSR1))
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    os.wait()
    os._exit(0)
connection = odbc_engine.connect(os.environ["TEST_CONNECTION"])
signal.signal(signal.SIGUSR1, lambda *_: os.kill(os.getpid(), signal.SIGINT))
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
connection.execute("{BURN["sqlite"]}")
"""
    child = Child(connection_string("sqlite", tmp_path), action)
    child.expect("interrupted", "42")
    child.end()


def test_a_forked_child_has_timeouts_too(tmp_path: Path) -> None:
    action = f"""
import warnings
# CPython 3.12 warns of the timer's thread.
warnings.simplefilter("ignore", DeprecationWarning)
cursor = connection.cursor()
cursor.query_timeout_ms = 60_000
cursor.execute("select 1").fetchall()
connection.close()
if child := os.fork():
    os.waitpid(child, 0)
    os._exit(0)
# Nothing else would end it.
signal.alarm(60)
connection = odbc_engine.connect(os.environ["TEST_CONNECTION"])
cursor = connection.cursor()
cursor.query_timeout_ms = 100
try:
    cursor.execute("{BURN["sqlite"]}").fetchall()
except odbc_engine.OperationalError as error:
    say(error.kind.name)
"""
    child = Child(connection_string("sqlite", tmp_path), action)
    child.expect("TIMEOUT", "done", "42")
    child.end()


def test_a_forked_child_stops_nothing_of_its_parent(tmp_path: Path) -> None:
    action = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
cursor = connection.cursor()
cursor.query_timeout_ms = 2000
running = threading.Thread(target=cursor.execute, args=("select sleep(1)",))
running.start()
time.sleep(0.3)
if child := os.fork():
    running.join()
    # The child has what it needs to stop the query above, which has ended.
    connection.execute("select sleep(3)").fetchall()
    say("undisturbed")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
else:
    other = odbc_engine.connect(os.environ["TEST_CONNECTION"])
    cursor = other.cursor()
    cursor.query_timeout_ms = 60_000
    cursor.execute("select 1").fetchall()
    signal.pause()
"""
    child = Child(connection_string("mariadb", tmp_path), action)
    child.expect("undisturbed", "done", "42")
    child.end()
