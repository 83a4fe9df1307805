"""turbodbc's executemanycolumns, of an Arrow table."""

from __future__ import annotations

import measure
import pyarrow  # noqa: F401  (turbodbc's Arrow support wants it loaded first)
import rows
import turbodbc  # type: ignore[import-not-found]


def main() -> None:
    connection = turbodbc.connect(connection_string=measure.CONNECTION)
    cursor = connection.cursor()
    table = rows.arrow_table()

    def run() -> None:
        cursor.executemanycolumns(measure.SQL + "(?, ?, ?, ?)", table)
        connection.commit()

    rows.insert(run).answer()


main()
