"""turbodbc, into Arrow: fetchallarrow, or its batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import measure
import pyarrow  # noqa: F401  (turbodbc's Arrow support wants it loaded first)
import turbodbc  # type: ignore[import-not-found]


def main() -> None:
    options = turbodbc.make_options(
        autocommit=True,
        limit_varchar_results_to_max=True,
        varchar_max_character_limit=measure.TEXT_BYTES_MAX,
    )
    connection = turbodbc.connect(connection_string=measure.CONNECTION, turbodbc_options=options)
    cursor = connection.cursor()

    def read_table() -> Any:
        cursor.execute(measure.SQL)
        return cursor.fetchallarrow()

    def read_batches() -> Iterator[Any]:
        cursor.execute(measure.SQL)
        yield from cursor.fetcharrowbatches()

    def look_up(key: int) -> Any:
        cursor.execute(measure.SQL, [key])
        return cursor.fetchall()

    if measure.MODE == "lookup":
        measured = measure.look_up(look_up, measure.check_rows)
    elif measure.MODE == "table":
        measured = measure.read_whole(read_table, measure.check_arrow)
    else:
        measured = measure.read_parts(read_batches, measure.check_arrow)
    measured.answer()


main()
