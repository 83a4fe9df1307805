from __future__ import annotations

import shutil
import signal
from pathlib import Path

from databases.server import LOGIN_SECONDS_MAX, NAME, Server, ServerError


class PostgreSQL(Server):
    title = "PostgreSQL"
    variable = "ODBC_ENGINE_POSTGRESQL"
    driver = "PostgreSQL Unicode"
    account = "postgres"
    stop_signal = signal.SIGQUIT  # at once, without a checkpoint: the data is thrown away

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def create(self) -> None:
        texts = ["--encoding=UTF8", "--no-locale"]
        logins = ["--username=postgres", "--auth-host=scram-sha-256", "--auth-local=reject"]
        self.run([self.program("initdb"), "--pgdata", self.data, "--no-sync", *texts, *logins])
        # Single-user mode needs no superuser with a password that could be logged in to.
        self.run(
            [self.program("postgres"), "--single", "-D", self.data, "postgres"],
            f"CREATE ROLE {NAME} LOGIN PASSWORD '{self.password}'\n"
            f"CREATE DATABASE {NAME} OWNER {NAME}\n",
        )

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [self.program("postgres"), "-D", self.data, *arguments]

    def login_command(self) -> list[str]:
        address = f"host=127.0.0.1 port={self.port} user={NAME} dbname={NAME}"
        wait = f"connect_timeout={LOGIN_SECONDS_MAX}"
        return [self.program("psql"), "--no-psqlrc", "--command=SELECT 1", f"{address} {wait}"]

    login_password_variable = "PGPASSWORD"

    @staticmethod
    def program(name: str) -> str:
        # Debian keeps the server's programs off PATH, one folder a version.
        folders = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
        newest = max(folders, key=lambda path: float(path.parent.parent.name), default=None)
        if found := newest or shutil.which(name):
            return str(found)
        raise ServerError(f"PostgreSQL: no program '{name}' in /usr/lib/postgresql or on PATH")
