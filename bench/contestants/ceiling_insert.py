"""What a database offers beside ODBC: COPY, LOAD DATA, or sqlite3's own executemany."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import measure
import rows

KEYS = dict(pair.split("=", 1) for pair in measure.CONNECTION.split(";") if "=" in pair)


def main() -> None:
    database = os.environ["BENCH_DATABASE"]
    if database == "sqlite":
        insert_by_sqlite3()
        return
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        for i, ratio, name, created in rows.tuples():
            file.write(f"{i}\t{ratio!r}\t{name}\t{created}\n")
        file.flush()
        insert = copy if database == "postgresql" else load_data
        rows.insert(lambda: insert(Path(file.name))).answer()


def insert_by_sqlite3() -> None:
    connection = sqlite3.connect(KEYS["Database"])
    values = [(*row[:3], str(row[3])) for row in rows.tuples()]

    def run() -> None:
        connection.executemany(measure.SQL + "(?, ?, ?, ?)", values)
        connection.commit()

    rows.insert(run).answer()


def copy(file: Path) -> None:
    subprocess.run(
        ["psql", "-q", "-c", f"\\copy {rows.TABLE} from '{file}'"],
        check=True,
        env={
            **os.environ,
            "PGHOST": KEYS["Server"],
            "PGPORT": KEYS["Port"],
            "PGUSER": KEYS["UID"],
            "PGPASSWORD": KEYS["PWD"],
            "PGDATABASE": KEYS["Database"],
        },
    )


def load_data(file: Path) -> None:
    sql = f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {rows.TABLE}"
    address = ["--host", KEYS["Server"], "--port", KEYS["Port"], "--user", KEYS["UID"]]
    subprocess.run(
        ["mariadb", "--local-infile=1", *address, KEYS["Database"], "-e", sql],
        check=True,
        env={**os.environ, "MYSQL_PWD": KEYS["PWD"]},
    )


main()
