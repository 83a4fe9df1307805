"""The harness of Python reads Arrow's columns where Python has no object, and hides no error."""

from __future__ import annotations

import datetime
from typing import Any

import odbc_engine
import pyarrow
import pytest

from conformance.harness.python.cells import rows_of

SECOND = datetime.datetime(2024, 2, 29, 12, 30, 1)


class Refusing:
    """A batch of one column whose rows are refused."""

    def __init__(self, array: Any) -> None:
        self._batch: Any = pyarrow.record_batch([array], names=["v"])

    def rows(self) -> list[tuple[Any, ...]]:
        error = odbc_engine.DataError("column v is refused")
        error.column = "v"
        raise error

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self._batch.__arrow_c_array__(requested_schema)


def read(array: Any, arrow_format: str) -> list[list[str | None]]:
    column = odbc_engine.Column("v", arrow_format, True, {})
    batch: Any = Refusing(array)
    return rows_of(batch, [column])


@pytest.mark.parametrize(
    ("count", "arrow_type", "arrow_format", "cell"),
    [
        (-719_163, pyarrow.date32(), "tdD", "0000-12-31"),
        (-719_163 * 86_400, pyarrow.timestamp("s"), "tss:", "0000-12-31T00:00:00"),
        (1_001, pyarrow.timestamp("ns"), "tsn:", "1970-01-01T00:00:00.000001001"),
        (1_001, pyarrow.time64("ns"), "ttn", "00:00:00.000001001"),
    ],
)
def test_what_python_cannot_hold_is_read_by_arrow(
    count: int, arrow_type: Any, arrow_format: str, cell: str
) -> None:
    width = pyarrow.int32() if arrow_type.bit_width == 32 else pyarrow.int64()
    array = pyarrow.array([count, None], width).view(arrow_type)
    assert read(array, arrow_format) == [[cell], [None]]


@pytest.mark.parametrize(
    ("array", "arrow_format"),
    [
        (pyarrow.array([datetime.date.min, datetime.date.max, None]), "tdD"),
        (pyarrow.array([SECOND, None], pyarrow.timestamp("us")), "tsu:"),
        (pyarrow.array([SECOND, None], pyarrow.timestamp("ns")), "tsn:"),
        (pyarrow.array([SECOND.time(), None], pyarrow.time64("ns")), "ttn"),
        (pyarrow.array([1, None]), "l"),
    ],
)
def test_another_refusal_is_an_error(array: Any, arrow_format: str) -> None:
    with pytest.raises(odbc_engine.DataError, match="is refused"):
        read(array, arrow_format)
