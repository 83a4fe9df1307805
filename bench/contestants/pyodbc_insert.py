"""pyodbc's executemany in one transaction; as ``fast`` with fast_executemany."""

from __future__ import annotations

import sys

import measure
import pyodbc  # type: ignore[import-not-found]
import rows


def main() -> None:
    connection = pyodbc.connect(measure.CONNECTION, autocommit=False)
    cursor = connection.cursor()
    cursor.fast_executemany = sys.argv[1:] == ["fast"]
    values = rows.tuples()

    def run() -> None:
        cursor.executemany(measure.SQL + "(?, ?, ?, ?)", values)
        connection.commit()

    rows.insert(run).answer()


main()
