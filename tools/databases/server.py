"""A private database server: its data folder, its process and its readiness."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from databases.database import Database
from databases.stopping import STOP_SIGNALS, Interrupted, unblock_signals

NAME = "odbc"  # the user and the database, on every server

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 15.0
LOGIN_SECONDS_MAX = 5
POLL_SECONDS = 0.02
PORT_TRIES_MAX = 5


class ServerError(Exception):
    """A server could not be set up; the message says which and why."""


class Server(Database):
    """A database with a server process, which runs as its own user when we are root."""

    driver: str
    account: str  # database servers refuse to run as root; Debian's packages bring this user
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.log = folder / "server.log"
        self.password = secrets.token_hex(12)
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def create(self) -> None:
        """Makes the data folder with the user and the database in it."""

    @abstractmethod
    def command(self) -> list[str]:
        """The server's command line for self.port."""

    @abstractmethod
    def login_command(self) -> list[str]:
        """A client's command line that succeeds when the user can log in."""

    login_password_variable: str

    @property
    def connection_string(self) -> str:
        return (
            f"Driver={{{self.driver}}};Server=127.0.0.1;Port={self.port};"
            f"Database={NAME};UID={NAME};PWD={self.password}"
        )

    def start(self) -> None:
        self.folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.account, self.account)
        self.create()
        for _ in range(PORT_TRIES_MAX):
            self.port = free_port()
            self.process = self.spawn(self.command())
            if self.wait_until_ready():
                return
            # Most likely something else took the port in between: the log tells if not.
        raise ServerError(f"{self.title} does not start:\n{self.log_tail()}")

    def wait_until_ready(self) -> bool:
        """False when the server ended by itself."""
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.process.poll() is None:
            if self.is_ready():
                return True
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self.title} is not ready after {START_SECONDS_MAX:.0f} s:\n{self.log_tail()}"
                )
            if stop := signal.sigtimedwait(STOP_SIGNALS, POLL_SECONDS):
                raise Interrupted(stop.si_signo)
        return False

    def is_ready(self) -> bool:
        # The password is this run's own, so another server on the same port cannot be taken for it.
        try:
            login = subprocess.run(
                self.login_command(),
                env={**os.environ, self.login_password_variable: self.password},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                start_new_session=True,
                timeout=LOGIN_SECONDS_MAX,
            )
        except subprocess.TimeoutExpired:
            return False
        return login.returncode == 0

    def stop(self) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Starts a process of this server; it dies with us, even if we are killed outright."""
        switch = []
        if os.geteuid() == 0:
            switch = ["--reuid", self.account, "--regid", self.account, "--init-groups"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *switch, *command],
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=unblock_signals,
            )

    def run(self, command: Sequence[str], script: str = "") -> None:
        """Runs a program of this server to its end, with script as its input."""
        process = self.spawn(command)
        try:
            process.communicate(script.encode(), timeout=START_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode != 0:
            raise ServerError(
                f"{self.title}: {command[0]} failed ({process.returncode}):\n{self.log_tail()}"
            )

    def log_tail(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        return "(no log)"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
