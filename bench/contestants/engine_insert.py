"""Our Python package: an Arrow table by ``bulk_insert``."""

from __future__ import annotations

import measure
import odbc_engine
import rows


def main() -> None:
    connection = odbc_engine.connect(
        measure.CONNECTION, **{"autocommit": True, **measure.CONNECT_OPTIONS}
    )
    table = rows.arrow_table()

    def run() -> None:
        connection.bulk_insert(rows.TABLE, table)

    rows.insert(run).answer()


main()
