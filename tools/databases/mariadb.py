from __future__ import annotations

import os
import shutil
from pathlib import Path

from databases.server import LOGIN_SECONDS_MAX, NAME, Server, ServerError


class MariaDB(Server):
    title = "MariaDB"
    variable = "ODBC_ENGINE_MARIADB"
    driver = "MariaDB Unicode"
    account = "mysql"

    @property
    def init_file(self) -> Path:
        return self.folder / "init.sql"

    def create(self) -> None:
        engine = ["--innodb-flush-method=nosync", "--innodb-log-file-size=16M"]
        data = f"--datadir={self.folder / 'data'}"
        self.run(["mariadb-install-db", "--no-defaults", data, "--skip-test-db", *engine])
        script = f"CREATE DATABASE IF NOT EXISTS {NAME};\n"
        for account in (f"'{NAME}'@'{host}'" for host in ("localhost", "127.0.0.1")):
            script += f"CREATE OR REPLACE USER {account} IDENTIFIED BY '{self.password}';\n"
            script += f"GRANT ALL ON {NAME}.* TO {account};\n"
        self.init_file.write_text(script)
        self.init_file.chmod(0o644)

    def command(self) -> list[str]:
        settings = {
            "datadir": str(self.folder / "data"),
            "bind-address": "127.0.0.1",
            "port": str(self.port),
            # Relative to the data folder, because a socket's path must be short.
            "socket": "server.sock",
            "pid-file": "server.pid",
            "init-file": str(self.init_file),
            "character-set-server": "utf8mb4",
            "collation-server": "utf8mb4_general_ci",
            "default-time-zone": "+00:00",
            "max-allowed-packet": "64M",
            "innodb-buffer-pool-size": "64M",
            "innodb-log-file-size": "16M",
            "innodb-flush-method": "nosync",
            "innodb-flush-log-at-trx-commit": "0",
            "innodb-fast-shutdown": "2",
        }
        program = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise ServerError("MariaDB: no program 'mariadbd' on PATH")
        arguments = [f"--{key}={value}" for key, value in settings.items()]
        return [program, "--no-defaults", "--skip-name-resolve", "--skip-log-bin", *arguments]

    def login_command(self) -> list[str]:
        address = ["--protocol=tcp", "--host=127.0.0.1", f"--port={self.port}", f"--user={NAME}"]
        wait = f"--connect-timeout={LOGIN_SECONDS_MAX}"
        return ["mariadb", "--no-defaults", *address, wait, "--execute=DO 1", NAME]

    login_password_variable = "MYSQL_PWD"
