"""Cursors: statements and the rows they give."""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from odbc_engine import _native, tables
from odbc_engine.column import Column, Description
from odbc_engine.errors import Diagnostic, Error
from odbc_engine.options import StreamOptions, encode
from odbc_engine.stream import Stream

if TYPE_CHECKING:
    from odbc_engine._native import Parameters
    from odbc_engine.connection import Connection

# A day, as the engine has it.
_QUERY_TIMEOUT_MS_MAX = 86_400_000


class Cursor:
    """A statement and its result; made by ``Connection.cursor()``.

    It keeps the statement of its last SQL text: executing the same text again prepares nothing.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sql: str | None = None
        #: Whether it was made by prepare(), and is not made anew where it was closed.
        self._prepared = False
        self._statement: _native.Statement | None = None
        # The procedure that is being called.
        self._calling: _native.Calling | None = None
        self._stream: Stream | None = None
        # How many results there were before this one.
        self._result = 0
        self._column_count = 0
        self._warnings: list[Diagnostic] | None = None
        self._closed = False
        self._query_timeout_ms: int | None = None
        #: How many rows ``fetchmany`` fetches unless told otherwise.
        self.arraysize = 1
        #: How many rows the last statement changed; -1 for a query, or where nobody knows.
        self.rowcount = -1
        #: What the last ``callproc`` gave back in parameters, by their names.
        self.outputs: dict[str, Any] = {}

    @property
    def connection(self) -> Connection:
        """The connection that made this cursor."""
        return self._connection

    def prepare(self, sql: str) -> Self:
        """Makes ``sql`` the cursor's statement, which ``execute(sql)`` then executes.

        The database sees it when it is executed. Where ``clear_statements`` has closed it, it has
        to be prepared again.
        """
        self._make(sql)
        self._prepared = True
        return self

    def _make(self, sql: str) -> None:
        """Makes a statement of ``sql``, unless that is the cursor's already."""
        if self._closed:
            raise _native.invalid_state("execute", "the cursor is closed")
        if self._statement is None or sql != self._sql or self._statement.is_closed():
            statement = self._connection._native.statement(sql)
            if self._query_timeout_ms is not None:
                statement.set_query_timeout(self._query_timeout_ms)
            self._let_go()
            self._statement, self._sql, self._prepared = statement, sql, False

    def execute(self, sql: str, parameters: Parameters | None = None) -> Self:
        """Executes ``sql`` with a value for each ``?`` in it; returns the cursor itself.

        A mapping gives a value for each ``:name`` and ``@name`` instead.
        """
        statement = self._statement
        if sql != self._sql or statement is None or (statement.is_closed() and not self._prepared):
            self._make(sql)
        assert self._statement is not None
        self._forget_result()
        affected, self._column_count, self._warnings = self._statement.execute(parameters)
        if affected is not None:
            self.rowcount = affected
        return self

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> Self:
        """Executes ``sql`` once for each row of parameters, over one prepared statement.

        It takes a round trip for each row, and drops results. ``rowcount`` is the sum.
        """
        self._make(sql)
        assert self._statement is not None
        self._forget_result()
        total: int | None = 0
        warnings: list[Diagnostic] = []
        for number, parameters in enumerate(rows):
            try:
                affected, self._column_count, more = self._statement.execute(parameters)
            except Error as error:
                error.add_note(f"in the parameters number {number}, counted from 0")
                raise
            warnings += more or ()
            total = None if total is None or affected is None else total + affected
        if self._column_count:
            self._reading().close()
            self._column_count = 0
        self._warnings = warnings
        self.rowcount = -1 if total is None else total
        return self

    def callproc(self, procname: str, parameters: Any = ()) -> Any:
        """Calls a procedure, with a value for each of its parameters, in order or by name.

        Returns a copy of ``parameters`` in which output and in/out parameters have the values that
        the procedure gave; what is passed for an output parameter, such as None, does not count.
        What the procedure selected, or the function returned, is the cursor's result.
        """
        if self._closed:
            raise _native.invalid_state("call", "the cursor is closed")
        self._let_go()
        given = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
        native = self._connection._native
        self._calling = native.calling(self._query_timeout_ms)
        try:
            statement, executed, outputs = native.call(procname, given, self._calling)
        finally:
            self._calling = None
        self._statement = statement
        affected, self._column_count, self._warnings = executed
        self.rowcount = -1 if affected is None else affected
        self.outputs = {name: value for _, name, value in outputs}
        for place, name, value in outputs:
            if isinstance(given, dict):
                given[name] = value
            elif place:
                given[place - 1] = value
        return given

    def _adopt(self, statement: _native.Statement, column_count: int) -> Self:
        """Takes over a statement that has its result already."""
        self._statement, self._column_count = statement, column_count
        return self

    def nextset(self) -> bool | None:
        """Goes on to the next result of the statement; None where there is no other.

        It is a result set, or a count of rows in ``rowcount``: of a procedure, or of several
        statements in one text.
        """
        if self._closed:
            raise _native.invalid_state("next_result", "the cursor is closed")
        self._forget_result()
        following = self._statement.next_result() if self._statement is not None else None
        if following is None:
            return None
        affected, self._column_count, self._warnings = following
        self.rowcount = -1 if affected is None else affected
        return True

    def cancel(self) -> None:
        """Asks the running call, or the result that is being read, to stop; from any thread.

        It never waits. The call, or the next fetch, then raises an error of kind ``CANCELLED``.
        Where nothing runs this does nothing; rows that the database has given to their end are
        still fetched.
        """
        running = self._calling or self._statement
        if running is not None:
            running.cancel()

    @property
    def query_timeout_ms(self) -> int | None:
        """How long an execution, or the fetching of a batch, may take; 0 is no limit.

        None is what the connection says. A call that takes longer is stopped, and raises an error
        of kind ``TIMEOUT``.
        """
        return self._query_timeout_ms

    @query_timeout_ms.setter
    def query_timeout_ms(self, query_timeout_ms: int | None) -> None:
        if query_timeout_ms is not None:
            query_timeout_ms = operator.index(query_timeout_ms)
            if not 0 <= query_timeout_ms <= _QUERY_TIMEOUT_MS_MAX:
                message = (
                    f"query_timeout_ms must be None or 0 to {_QUERY_TIMEOUT_MS_MAX}, "
                    f"not {query_timeout_ms}"
                )
                raise _native.invalid_argument("query_timeout", message)
        if self._statement is not None:
            self._statement.set_query_timeout(query_timeout_ms)
        self._query_timeout_ms = query_timeout_ms

    @property
    def column_count(self) -> int:
        """How many columns the result has; 0 if there is no result."""
        return self._column_count

    @property
    def columns(self) -> list[Column]:
        """The columns of the result, with their exact types; none if there is no result."""
        return self._reading().columns if self._column_count else []

    @property
    def description(self) -> list[Description] | None:
        """The columns of the result by PEP 249; None if there is no result."""
        return [column.description() for column in self.columns] or None

    @property
    def warnings(self) -> list[Diagnostic]:
        """What the driver had to say beside success, so far."""
        return (self._warnings or []) + (self._stream.warnings if self._stream else [])

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[Any, ...]:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def _converted(self) -> tuple[Any, ...] | None:
        """The next row, where it is at hand."""
        return self._statement.row_at_hand() if self._statement is not None else None

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row; None at the end."""
        statement = self._statement
        return (self._executed() if statement is None else statement).row()

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next ``size`` rows, by default ``arraysize``; fewer at the end only."""
        size = self.arraysize if size is None else size
        if size < 0:
            raise _native.invalid_argument("fetch", f"size must be at least 0, not {size}")
        return self._executed().fetch(size)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        return self.fetchmany(sys.maxsize)

    def stream(self, **limits: Unpack[StreamOptions]) -> Stream:
        """What is left of the result, in batches of Arrow columns.

        A batch has at most ``batch_rows_max`` rows (131,072) and takes about ``batch_bytes_max``
        bytes (4 MiB); one value longer than ``column_bytes_max`` bytes (1 GiB) is an error. Set
        these before anything else asks for the result or its ``description``.
        """
        if limits:
            self._stream = Stream(self._executed().stream(encode("stream", limits)))
        return self.fetch_arrow()

    def fetch_arrow(self) -> Stream:
        """What is left of the result, for any library that reads Arrow's PyCapsules."""
        return self._reading()

    def fetch_pyarrow(self) -> Any:
        """What is left of the result as a ``pyarrow.Table``."""
        return tables.pyarrow_table(self.fetch_arrow())

    def fetch_polars(self) -> Any:
        """What is left of the result as a ``polars.DataFrame``."""
        return tables.polars_frame(self.fetch_arrow())

    def fetch_pandas(self) -> Any:
        """What is left of the result as a ``pandas.DataFrame``, by way of pyarrow."""
        return tables.pandas_frame(self.fetch_arrow())

    def __arrow_c_schema__(self) -> object:
        """The columns, as an ``arrow_schema`` capsule."""
        return self._reading().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """What is left of the result, as an ``arrow_array_stream`` capsule."""
        return self.fetch_arrow().__arrow_c_stream__(requested_schema)

    def _executed(self) -> _native.Statement:
        """The statement whose result is to be read."""
        if self._closed:
            raise _native.invalid_state("stream", "the cursor is closed")
        if self._statement is None:
            raise _native.invalid_state("fetch", "there is no result: execute a query first")
        return self._statement

    def _reading(self) -> Stream:
        if self._stream is None:
            self._stream = Stream(self._executed().stream())
        return self._stream

    def _forget_result(self) -> None:
        """Makes the cursor one without a result; the statement ends its stream itself."""
        self._stream = None
        self._result += 1
        self._column_count = 0
        self._warnings = None
        self.rowcount = -1

    def _let_go(self) -> None:
        self._forget_result()
        if self._statement is not None:
            self._statement.close()
        self._statement = self._sql = None

    def setinputsizes(self, sizes: object) -> None:
        """Does nothing: values are bound by their own types and sizes."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Does nothing: values of any length are read whole."""

    def close(self) -> None:
        """Closes the statement and its result. Closing again does nothing."""
        self._closed = True
        self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
