"""adbcbridge over ODBC itself, never handing over to a database's native ADBC driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import adbcbridge  # type: ignore[import-not-found]
import measure


def main() -> None:
    connection = adbcbridge.connect(uri=measure.CONNECTION, autocommit=True, delegate="never")
    cursor = connection.cursor()

    def read_table() -> Any:
        cursor.execute(measure.SQL)
        return cursor.fetch_arrow_table()

    def read_batches() -> Iterator[Any]:
        cursor.execute(measure.SQL)
        yield from cursor.fetch_record_batch()

    def look_up(key: int) -> Any:
        cursor.execute(measure.SQL, (key,))
        return cursor.fetch_arrow_table()

    if measure.MODE == "lookup":
        measured = measure.look_up(look_up, measure.check_arrow)
    elif measure.MODE == "table":
        measured = measure.read_whole(read_table, measure.check_arrow)
    else:
        measured = measure.read_parts(read_batches, measure.check_arrow)
    measured.answer()


main()
