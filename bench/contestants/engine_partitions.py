"""Our Python package, reading in parts over connections of their own: a pyarrow.Table."""

from __future__ import annotations

import sys
from typing import Any

import measure
import odbc_engine
import pyarrow


def main() -> None:
    connection = odbc_engine.connect(
        measure.CONNECTION, **{"autocommit": True, **measure.CONNECT_OPTIONS}
    )

    def read_table() -> Any:
        stream = connection.query_parts(
            measure.SQL,
            partition_on="id",
            connections=int(sys.argv[1]),
            **measure.STREAM_OPTIONS,
        )
        return pyarrow.table(stream)

    measure.read_whole(read_table, measure.check_arrow).answer()


main()
