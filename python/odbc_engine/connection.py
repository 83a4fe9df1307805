"""Connections and their transactions."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from odbc_engine import _native, bulk, errors
from odbc_engine.bulk import BulkResult, ColumnTypes, Rows
from odbc_engine.cursor import Cursor
from odbc_engine.errors import Diagnostic
from odbc_engine.options import (
    BulkOptions,
    CatalogFilter,
    ConnectionOptions,
    StreamOptions,
    TransactionOptions,
    encode,
    encode_connection,
    plain,
)
from odbc_engine.retry import is_conflict, retry
from odbc_engine.stream import Stream

if TYPE_CHECKING:
    from odbc_engine._native import Parameters

Result = TypeVar("Result")


def connect(connection_string: str, **options: Unpack[ConnectionOptions]) -> Connection:
    """Connects by an ODBC connection string, such as ``Driver=SQLite3;Database=my.db``.

    Options: ``login_timeout_ms`` (1 to 600,000; 15,000), ``read_only`` (False: whether the server
    shall refuse every write) and ``autocommit`` (False, as PEP 249 wants it; in the other languages
    it is on). Without autocommit, end a transaction by ``commit()`` or ``rollback()``, or use the
    connection in a ``with``.
    """
    return Connection(_native.Connection.open(connection_string, encode_connection(options)))


class Connection:
    """A connection to a database; made by :func:`connect`.

    Threads may share it: one call runs at a time, and another waits for it without the GIL. A
    cursor belongs to one thread at a time.

    As a context manager it commits when the block ends, also what was begun within a transaction,
    rolls back when the block raises, and closes in either case.
    """

    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, native: _native.Connection) -> None:
        self._native = native
        #: What the driver had to say when autocommit was last set.
        self.warnings: list[Diagnostic] = []

    def cursor(self) -> Cursor:
        """A new cursor."""
        if self.closed:
            raise _native.invalid_state("statement", "the connection is closed")
        return Cursor(self)

    def execute(self, sql: str, parameters: Parameters | None = None) -> Cursor:
        """Executes a statement on a new cursor, and returns the cursor."""
        return self.cursor().execute(sql, parameters)

    def catalog(self, function: str, **choose: Unpack[CatalogFilter]) -> Cursor:
        """Asks what the database holds; the new cursor has the answer as its result.

        ``function`` is "tables", "columns", "primary_keys", "foreign_keys", "statistics",
        "procedures", "procedure_columns" or "type_info": ODBC's catalog function of that name,
        with the columns of its standard on every database.
        """
        query = encode("catalog", {"function": function, **choose})
        native, columns = self._native.catalog(query)
        return self.cursor()._adopt(native, columns)

    def query_parts(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        partition_on: str | None = None,
        predicates: Iterable[str] = (),
        connections: int | None = None,
        **limits: Unpack[StreamOptions],
    ) -> Stream:
        """Reads a query in parts over connections of their own at once; rows come in any order.

        The parts are those of the range of ``partition_on``, a column of numbers, dates or
        timestamps, or of ``predicates``, conditions that together meet every row once.
        ``connections`` (1 to 64; one for each processor) are opened like this one, with
        autocommit, and see what is committed: on PostgreSQL all of them the same snapshot.
        """
        given = {"partition_on": partition_on, "connections": connections}
        partition = plain("partition", given)
        if partition_on is not None:
            partition["column"] = partition.pop("partition_on")
        partition["predicates"] = conditions = list(predicates or ())
        if isinstance(predicates, str) or not all(isinstance(text, str) for text in conditions):
            message = f"predicates must be a list of texts, not {predicates!r}"
            raise _native.invalid_argument("partition", message)
        options = encode("stream", limits)
        return Stream(self._native.query_parts(sql, parameters, json.dumps(partition), options))

    def query_pages(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        key: str,
        page_rows: int = 100_000,
        **limits: Unpack[StreamOptions],
    ) -> Stream:
        """Reads a query page by page in the order of ``key``, in bounded memory on any driver.

        ``key`` is a column in which each row has its own value; one that is NULL or not unique is
        an error, never a lost row. Each page is a query of its own, so read in a transaction that
        sees no changes where others write.
        """
        given = plain("page", {"key": key, "page_rows": page_rows})
        page = json.dumps({"rows" if name == "page_rows" else name: given[name] for name in given})
        options = encode("stream", limits)
        return Stream(self._native.query_pages(sql, parameters, page, options))

    def bulk_insert(
        self,
        table: str,
        data: Rows,
        *,
        columns: Iterable[str] | None = None,
        types: ColumnTypes | None = None,
        **options: Unpack[BulkOptions],
    ) -> BulkResult:
        """Inserts rows into a table, as fast as the driver takes them: all of them, or none.

        ``table`` is an identifier as SQL writes it, with its schema before a dot if need be.
        ``data`` is Arrow data (a polars, pandas, pyarrow or duckdb table, a cursor ...), whose
        columns go to those of the same names, or to ``columns`` in their order; the index of a
        pandas frame is a column where it has a name. Or it is an
        iterable of tuples, for which ``columns`` gives the names, or of mappings; these are read as
        they are sent. What the iterable raises is raised here, with the engine's error as its
        cause unless it has one; nothing is inserted then but what ``commit_every_rows`` has
        committed before, which a note and, of an :class:`Error`, ``bulk`` tell.

        The type of a column of Python objects follows from its values, which must be of one kind:
        from all of a list, from the first 65,536 of any other iterable. ``types`` gives it instead:
        a class, an Arrow format string such as ``"d:10,2"``, or an Arrow type, by name or in order.

        ``mode`` is "append", "create", "replace" or "create_append". Within a transaction the rows
        are a part of it, which is always so without autocommit. :class:`BulkOptions` has the rest.
        """
        encoded = encode("bulk_insert", options)
        return bulk.insert(
            data,
            columns,
            lambda rows, names: self._native.bulk_insert(table, rows, names, types, encoded),
        )

    def begin(self, **options: Unpack[TransactionOptions]) -> None:
        """Begins a transaction, with its own ``isolation`` and ``read_only``.

        Autocommit is off until it ends. Where a transaction is open already, which without
        autocommit it is from the first statement on, this begins one within it, by a savepoint; it
        has no options then. The next ``commit()`` or ``rollback()`` ends the innermost.
        """
        self._native.begin(encode("begin", options))

    @contextlib.contextmanager
    def transaction(self, **options: Unpack[TransactionOptions]) -> Iterator[Self]:
        """A transaction for a ``with``: committed at its end, rolled back if it raises.

        What was begun in the block and left open ends with it; a block that has ended the
        transaction itself leaves nothing to end. Within another, as ``begin()`` has it, it is
        committed with that.
        """
        around = self._begin(options)
        try:
            yield self
            self._end(around, self.commit)
        except BaseException:
            # What went wrong says more than a failure to roll back.
            with contextlib.suppress(errors.Error):
                self._end(around, self.rollback)
            raise

    def _begin(self, options: TransactionOptions) -> int:
        """Begins a transaction; tells how many are open around it."""
        around = self._native.transaction_depth()
        self.begin(**options)
        return around

    def _end(self, around: int, end: Callable[[], None]) -> None:
        """Ends the transactions that are open beyond those, one by one."""
        while self._native.transaction_depth() > around:
            end()

    def run_in_transaction(
        self,
        work: Callable[[Self], Result],
        *,
        attempts: int = 5,
        **options: Unpack[TransactionOptions],
    ) -> Result:
        """Runs ``work(connection)`` in a transaction, which is committed if it returns.

        A deadlock or a serialization failure is tried again, up to ``attempts`` times in all,
        unless this is within another transaction, which has to be tried again as a whole.
        """
        if self._native.transaction_depth() > 0:
            attempts = 1

        def attempt() -> Result:
            with self.transaction(**options):
                return work(self)

        return retry(attempt, attempts=attempts, when=is_conflict)

    def savepoint(self, name: str) -> None:
        """Sets a savepoint in the open transaction."""
        self._native.savepoint(name)

    def rollback_to_savepoint(self, name: str) -> None:
        """Undoes what was done since a savepoint, which stays."""
        self._native.rollback_to_savepoint(name)

    def release_savepoint(self, name: str) -> None:
        """Forgets a savepoint; what was done since stays in the transaction."""
        self._native.release_savepoint(name)

    def clear_statements(self) -> int:
        """Closes every statement and stream of this connection; returns how many were open."""
        return self._native.clear_statements()

    def commit(self) -> None:
        """Makes what the innermost transaction did last, and ends it."""
        self._native.commit()

    def rollback(self) -> None:
        """Undoes what the innermost transaction did, and ends it."""
        self._native.rollback()

    @property
    def autocommit(self) -> bool:
        """Whether each statement commits by itself. Turning it on commits what is open."""
        return self._native.autocommit()

    @autocommit.setter
    def autocommit(self, on: bool) -> None:
        self.warnings = self._native.set_autocommit(on)

    @property
    def info(self) -> dict[str, Any]:
        """The database and the driver, by their own names and versions."""
        info: dict[str, Any] = json.loads(self._native.info())
        return info

    def capabilities(self) -> dict[str, Any]:
        """What this connection can do."""
        capabilities: dict[str, Any] = json.loads(self._native.capabilities())
        return capabilities

    def cancel(self) -> None:
        """Asks everything that runs on this connection to stop, from any thread, without waiting.

        The calls that run, and the streams that are open, then raise an error of kind
        ``CANCELLED``. Where nothing runs this does nothing; rows of results that the database has
        given to their end are still fetched. A database on which a running call
        cannot be stopped makes it a :class:`NotSupportedError`.
        """
        self._native.cancel()

    @property
    def closed(self) -> bool:
        """Whether ``close()`` was called."""
        return self._native.is_closed()

    def close(self) -> None:
        """Rolls back what is not committed, and closes all cursors. Closing again does nothing."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            # Closing rolls back; should that fail, the block's own exception says more.
            with contextlib.suppress(errors.Error):
                self.close()
            return
        try:
            if not self.closed:
                self._native.commit_all()
        finally:
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<odbc_engine.Connection to {self.info.get('dbms_name')}, {state}>"
