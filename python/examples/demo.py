"""Makes a table in an embedded SQLite database, fills it and prints it."""

import datetime
import os
import sys

import odbc_engine

CREATE = (
    "CREATE TABLE pet (id INTEGER PRIMARY KEY, name VARCHAR(40), price DOUBLE, born DATE, "
    "active BOOLEAN)"
)
INSERT = "INSERT INTO pet (id, name, price, born, active) VALUES (?, ?, ?, ?, ?)"
SELECT = "SELECT id, name, price, born, active FROM pet ORDER BY id"

PETS = [
    (1, "Zoë", 12.5, datetime.date(2023, 4, 1), True),
    (2, "Łatka", 99.95, datetime.date(2024, 2, 29), False),
    (3, "Mochi 😺", None, datetime.date(2021, 12, 31), True),
]


def cell(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.2f}"
        case _:
            return str(value)


def read_with_bar(connection: odbc_engine.Connection) -> None:
    """Reads every twelve pets side by side, and shows on a terminal how far that is."""
    width, total = 40, 3**12
    twelve = ", ".join(f"pet p{number}" for number in range(1, 13))
    stream = connection.execute(f"SELECT p1.id FROM {twelve}").stream()
    for _ in stream:
        rows, _bytes, elapsed = stream.progress
        done = rows * width // total
        bar = "#" * done + "." * (width - done)
        print(f"\r[{bar}] {rows} rows, {elapsed * 1000:.0f} ms", end="", file=sys.stderr)
    print(file=sys.stderr)


connection_string = os.environ.get("ODBC_ENGINE_DEMO", "Driver=SQLite3;Database=:memory:")
with odbc_engine.connect(connection_string) as connection:
    connection.execute(CREATE)
    # One prepared statement, executed for each pet.
    connection.cursor().executemany(INSERT, PETS)
    cursor = connection.execute(SELECT)
    print(" | ".join(column.name for column in cursor.columns))
    for row in cursor:
        print(" | ".join(map(cell, row)))
    if sys.stderr.isatty():
        read_with_bar(connection)
