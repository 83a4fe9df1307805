"""adbcbridge's ingestion over ODBC itself, in one transaction."""

from __future__ import annotations

import adbcbridge  # type: ignore[import-not-found]
import measure
import rows


def main() -> None:
    connection = adbcbridge.connect(uri=measure.CONNECTION, autocommit=False, delegate="never")
    cursor = connection.cursor()
    table = rows.arrow_table()

    def run() -> None:
        cursor.adbc_ingest(rows.TABLE, table, mode="append")
        connection.commit()

    rows.insert(run).answer()


main()
