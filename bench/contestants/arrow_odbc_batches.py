"""arrow-odbc with its defaults (a second thread that fetches) and the texts' real sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import arrow_odbc  # type: ignore[import-not-found]
import measure
import pyarrow


def main() -> None:
    connection = arrow_odbc.connect(measure.CONNECTION)

    def reader(parameters: list[str] | None = None, **options: Any) -> Any:
        # By its own description of a TEXT column it would be 20 to 40 times slower on SQLite.
        return connection.read_arrow_batches(
            measure.SQL, parameters=parameters, max_text_size=measure.TEXT_BYTES_MAX, **options
        )

    def read_table() -> Any:
        return pyarrow.Table.from_batches(list(reader()))

    def read_batches() -> Iterator[Any]:
        yield from reader()

    def look_up(key: int) -> Any:
        # Buffers for more rows, and a thread for each query, would take longer than the query.
        one = reader([str(key)], batch_size=1, fetch_concurrently=False)
        return pyarrow.Table.from_batches(list(one))

    if measure.MODE == "lookup":
        measured = measure.look_up(look_up, measure.check_arrow)
    elif measure.MODE == "table":
        measured = measure.read_whole(read_table, measure.check_arrow)
    else:
        measured = measure.read_parts(read_batches, measure.check_arrow)
    measured.answer()


main()
