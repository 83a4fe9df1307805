"""Inserting many rows: what they may be, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from odbc_engine import tables
from odbc_engine.cursor import Cursor
from odbc_engine.errors import Diagnostic, Error
from odbc_engine.stream import Stream

if TYPE_CHECKING:
    from odbc_engine._native import Inserted


class ArrowSchema(Protocol):
    """Anything with a type or a schema by the Arrow PyCapsule interface."""

    def __arrow_c_schema__(self) -> object: ...


class ArrowStream(Protocol):
    """Anything with rows by the Arrow PyCapsule interface: a table, a frame, a reader, a cursor."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class ArrowArray(Protocol):
    """One batch of rows by the Arrow PyCapsule interface."""

    def __arrow_c_array__(
        self, requested_schema: object | None = None
    ) -> tuple[object, object]: ...


#: Rows: Arrow data, or an iterable of tuples, lists or mappings.
Rows: TypeAlias = ArrowStream | ArrowArray | Iterable[Sequence[object] | Mapping[str, object]]
#: The type of a column: a class, an Arrow format string such as "d:10,2", or an Arrow type.
ColumnType: TypeAlias = type | str | ArrowSchema
#: The types of some columns by name, or of all in their order.
ColumnTypes: TypeAlias = Mapping[str, ColumnType] | Sequence[ColumnType] | ArrowSchema


class BulkResult(NamedTuple):
    """What a bulk insert did."""

    #: The rows that were written: all that were given.
    rows: int
    #: How they were sent: "array", "multi_row", "unnest" or "row".
    strategy: str
    #: How many executions that took.
    chunks: int
    #: Over how many connections they were sent.
    workers: int
    #: What the driver had to say beside success, the first hundred.
    warnings: list[Diagnostic]


def insert(
    data: Rows,
    columns: Iterable[str] | None,
    write: Callable[[object, object], Inserted],
) -> BulkResult:
    """Inserts rows by ``write``, which is given them and their columns."""
    source = data.fetch_arrow() if isinstance(data, Cursor) else tables.without_index(data)
    names = columns if columns is None or isinstance(columns, str) else list(columns)
    try:
        return BulkResult(*write(source, names))
    except Error as error:
        # Arrow carried no more than a message; the stream knows the kind and the SQLSTATE.
        failure = source._native.failure() if isinstance(source, Stream) else None
        if failure is None:
            raise
        add_report(failure, error)
        raise failure from error


def add_report(failure: BaseException, error: BaseException) -> None:
    """Adds to what ended the rows what the engine's error tells of those before."""
    if failure.__cause__ is None:
        failure.__cause__ = error
    report = getattr(error, "bulk", None)
    if report is None:
        return
    committed, lost = report["committed"], report["not_committed"]
    words = f"{committed} rows are committed, {lost} that were read are not"
    if isinstance(failure, Error):
        failure.bulk = report
        if committed:
            failure.args = (f"{failure} ({words})",)
            failure.message = f"{failure.message} ({words})"
    elif committed:
        failure.add_note(words)
