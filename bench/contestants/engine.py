"""Our Python package, into Arrow: a pyarrow.Table, or batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import measure
import odbc_engine
import pyarrow


def main() -> None:
    connection = odbc_engine.connect(
        measure.CONNECTION, **{"autocommit": True, **measure.CONNECT_OPTIONS}
    )
    cursor = connection.cursor()

    def read_table() -> Any:
        cursor.execute(measure.SQL)
        return pyarrow.table(cursor.stream(**measure.STREAM_OPTIONS))

    def read_batches() -> Iterator[Any]:
        cursor.execute(measure.SQL)
        stream = cursor.stream(**measure.STREAM_OPTIONS)
        yield from pyarrow.RecordBatchReader.from_stream(stream)

    def look_up(key: int) -> Any:
        return cursor.execute(measure.SQL, (key,)).fetchall()

    if measure.MODE == "lookup":
        measured = measure.look_up(look_up, measure.check_rows)
    elif measure.MODE == "table":
        measured = measure.read_whole(read_table, measure.check_arrow)
    else:
        measured = measure.read_parts(read_batches, measure.check_arrow)
    measured.answer()


main()
