"""pyodbc: tuples by PEP 249, all of them, or 10,000 at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import measure
import pyodbc  # type: ignore[import-not-found]

ROWS_AT_ONCE = 10_000


def main() -> None:
    connection = pyodbc.connect(measure.CONNECTION, autocommit=True)
    cursor = connection.cursor()

    def read_all() -> Any:
        return cursor.execute(measure.SQL).fetchall()

    def read_some() -> Iterator[Any]:
        cursor.execute(measure.SQL)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows

    def look_up(key: int) -> Any:
        return cursor.execute(measure.SQL, key).fetchall()

    if measure.MODE == "lookup":
        measured = measure.look_up(look_up, measure.check_rows)
    elif measure.MODE == "table":
        measured = measure.read_whole(read_all, measure.check_rows)
    else:
        measured = measure.read_parts(read_some, measure.check_rows)
    measured.answer()


main()
