"""The databases that the tests run on, as private throw-away instances."""

from databases.database import Database
from databases.mariadb import MariaDB
from databases.postgresql import PostgreSQL
from databases.server import ServerError
from databases.sqlite import SQLite

DATABASES: dict[str, type[Database]] = {
    "sqlite": SQLite,
    "postgresql": PostgreSQL,
    "mariadb": MariaDB,
}

__all__ = ["DATABASES", "Database", "MariaDB", "PostgreSQL", "SQLite", "ServerError"]
