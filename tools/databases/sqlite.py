from __future__ import annotations

from databases.database import Database


class SQLite(Database):
    """No server at all: a folder for the database file."""

    title = "SQLite"
    variable = "ODBC_ENGINE_SQLITE"

    def start(self) -> None:
        self.folder.mkdir()

    def stop(self) -> None: ...

    @property
    def connection_string(self) -> str:
        return f"Driver=SQLite3;Database={self.folder / 'odbc.sqlite'}"
