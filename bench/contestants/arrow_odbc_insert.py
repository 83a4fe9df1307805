"""arrow-odbc's insertion of a table, in one transaction."""

from __future__ import annotations

import arrow_odbc  # type: ignore[import-not-found]
import measure
import rows

CHUNK_ROWS = 1000


def main() -> None:
    connection = arrow_odbc.connect(measure.CONNECTION, autocommit=False)
    table = rows.arrow_table()

    def run() -> None:
        connection.insert_into_table(table.to_reader(), rows.TABLE, CHUNK_ROWS)
        connection.commit()

    rows.insert(run).answer()


main()
