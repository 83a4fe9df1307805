"""Our Python package, as tuples by PEP 249: all of them, or 10,000 at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import measure
import odbc_engine

ROWS_AT_ONCE = 10_000


def main() -> None:
    connection = odbc_engine.connect(
        measure.CONNECTION, **{"autocommit": True, **measure.CONNECT_OPTIONS}
    )
    cursor = connection.cursor()

    def read_all() -> Any:
        return cursor.execute(measure.SQL).fetchall()

    def read_some() -> Iterator[Any]:
        cursor.execute(measure.SQL)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows

    if measure.MODE == "table":
        measured = measure.read_whole(read_all, measure.check_rows)
    else:
        measured = measure.read_parts(read_some, measure.check_rows)
    measured.answer()


main()
