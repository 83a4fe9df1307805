"""The conformance harness of the Python package: its public API, and nothing beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from contextvars import Token
from itertools import chain
from operator import methodcaller
from typing import Any

import odbc_engine
import opentelemetry.context
import pyarrow
from odbc_engine import (
    Column,
    Connection,
    Cursor,
    Diagnostic,
    Pool,
    Stream,
    telemetry,
)
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from conformance.harness.protocol import Fault, meant, named, serve, stopped_meanwhile
from conformance.harness.python.cells import (
    Cell,
    Params,
    Reply,
    Rows,
    cells_of,
    parameters,
    reader,
    rows_of,
)


class Harness:
    """One method for each operation; objects stay under their names after they are closed.

    A statement of the protocol is a cursor that keeps to one text.
    """

    name = "python"

    def __init__(self) -> None:
        self._connections: dict[str, Connection] = {}
        self._pools: dict[str, Pool] = {}
        self._statements: dict[str, tuple[Cursor, str]] = {}
        self._streams: dict[str, Stream] = {}
        self._caller: Token[Context] | None = None

    def answer(self, request: Reply) -> Reply:
        operation = getattr(self, "op_" + request["op"], None)
        if operation is None:
            return {"unsupported": request["op"]}
        members = {key: value for key, value in request.items() if key not in ("id", "op")}
        cancel = members.pop("cancel", None)
        try:
            with self._cancelling(cancel) if cancel else contextlib.nullcontext():
                return {"ok": operation(**members) or {}}
        except odbc_engine.Error as error:
            report = _report(error)
            if request["op"] == "bulk_insert_parallel":
                report["bulk"] = error.bulk and {"committed": error.bulk["committed"]}
            return {"error": report}
        except Fault as fault:
            return {"fault": str(fault)}

    def _cancelling(self, cancel: Reply) -> contextlib.AbstractContextManager[None]:
        """Has another thread cancel what is named, after a while, unless the block has ended."""
        finders: Mapping[str, Callable[[str], Connection | Cursor | Stream | Pool]] = {
            "connection": self._connection,
            "statement": lambda name: self._statement(name)[0],
            "stream": self._stream,
            "pool": self._pool,
        }
        _, found = meant(cancel, finders)
        return stopped_meanwhile(cancel, found.cancel)

    def op_hello(self) -> Reply:
        return {"binding": self.name, "version": odbc_engine.__version__, "abi": None}

    def op_open(self, connection: str, connection_string: str, options: Reply) -> None:
        # The contract's default is on; PEP 249 made Python's another.
        chosen = {"autocommit": True, **options}
        self._connections[connection] = self.connect(connection_string, **chosen)

    def connect(self, connection_string: str, **options: Any) -> Connection:
        return odbc_engine.connect(connection_string, **options)

    def op_close(self, connection: str) -> None:
        self._connection(connection).close()

    def op_info(self, connection: str) -> Reply:
        return self._connection(connection).info

    def op_capabilities(self, connection: str) -> Reply:
        return self._connection(connection).capabilities()

    def op_autocommit(self, connection: str, enabled: bool) -> None:
        self._connection(connection).autocommit = enabled

    def op_begin(self, connection: str, options: Any) -> None:
        self._connection(connection).begin(**options)

    def op_savepoint(self, connection: str, name: str) -> None:
        self._connection(connection).savepoint(name)

    def op_rollback_to_savepoint(self, connection: str, name: str) -> None:
        self._connection(connection).rollback_to_savepoint(name)

    def op_release_savepoint(self, connection: str, name: str) -> None:
        self._connection(connection).release_savepoint(name)

    def op_clear(self, connection: str) -> None:
        self._connection(connection).clear_statements()

    def op_clear_all(self) -> None:
        odbc_engine.clear_all_statements()

    def op_metrics(self) -> Reply:
        return odbc_engine.metrics()

    def op_metrics_reset(self) -> None:
        odbc_engine.reset_metrics()

    def op_connection_string_build(self, pairs: list[list[str]]) -> Reply:
        return {"text": odbc_engine.build_connection_string((key, value) for key, value in pairs)}

    def op_connection_string_parse(self, text: str) -> Reply:
        return {"pairs": [list(pair) for pair in odbc_engine.parse_connection_string(text)]}

    def op_connection_string_redact(self, text: str) -> Reply:
        return {"text": odbc_engine.redact_connection_string(text)}

    def op_telemetry_init(self, options: Any) -> None:
        telemetry.init(**options)

    def op_telemetry_export(self, spans: Any) -> None:
        telemetry.export(spans)

    def op_telemetry_spans(self) -> Reply:
        return {"spans": telemetry.finished()}

    def op_telemetry_last_error(self) -> Reply:
        return {"text": telemetry.last_error()}

    def op_telemetry_cleanup(self) -> None:
        telemetry.cleanup()

    def op_telemetry_shutdown(self) -> None:
        telemetry.shutdown()

    def op_trace_context(self, traceparent: str) -> None:
        if self._caller is not None:
            opentelemetry.context.detach(self._caller)
            self._caller = None
        if traceparent:
            carrier = {"traceparent": traceparent}
            context = TraceContextTextMapPropagator().extract(carrier)
            self._caller = opentelemetry.context.attach(context)

    def op_commit(self, connection: str) -> None:
        self._connection(connection).commit()

    def op_rollback(self, connection: str) -> None:
        self._connection(connection).rollback()

    def op_execute(self, connection: str, sql: str, params: Params) -> Reply:
        with self._connection(connection).cursor() as cursor:
            return _executed(cursor.execute(sql, parameters(params)))

    def op_catalog(self, connection: str, query: Any) -> Reply:
        function = query.pop("function", "")
        with self._connection(connection).catalog(function, **query) as cursor:
            return _drained(cursor.stream())

    def op_query(self, connection: str, sql: str, params: Params, options: Any) -> Reply:
        with self._connection(connection).cursor() as cursor:
            if options:
                return _drained(cursor.execute(sql, parameters(params)).stream(**options))
            return _whole(cursor, sql, params, list if params else methodcaller("fetchall"))

    def op_call(self, connection: str, statement: str, procedure: str, params: Params) -> Reply:
        cursor = self._connection(connection).cursor()
        given = parameters(params) or ()
        after = cursor.callproc(procedure, given)
        if isinstance(after, list) and len(after) != len(tuple(given)):
            raise Fault(f"{len(after)} parameters came back")
        self._statements[statement] = cursor, ""
        outputs = {
            name: None if value is None else str(value) for name, value in cursor.outputs.items()
        }
        return {**_executed(cursor), "columns": cursor.column_count, "outputs": outputs}

    def op_query_parts(
        self, connection: str, sql: str, params: Params, partition: Any, options: Any
    ) -> Reply:
        return _drained(self._parts(connection, sql, params, partition, options))

    def op_parts_open(
        self, connection: str, stream: str, sql: str, params: Params, partition: Any, options: Any
    ) -> Reply:
        return self._kept(stream, self._parts(connection, sql, params, partition, options))

    def _parts(
        self, connection: str, sql: str, params: Params, partition: Any, options: Any
    ) -> Stream:
        if "column" in partition:
            partition["partition_on"] = partition.pop("column")
        opened = self._connection(connection)
        return opened.query_parts(sql, parameters(params), **partition, **options)

    def op_query_pages(
        self, connection: str, sql: str, params: Params, page: Any, options: Any
    ) -> Reply:
        return _drained(self._pages(connection, sql, params, page, options))

    def op_pages_open(
        self, connection: str, stream: str, sql: str, params: Params, page: Any, options: Any
    ) -> Reply:
        return self._kept(stream, self._pages(connection, sql, params, page, options))

    def _pages(self, connection: str, sql: str, params: Params, page: Any, options: Any) -> Stream:
        if "rows" in page:
            page["page_rows"] = page.pop("rows")
        opened = self._connection(connection)
        return opened.query_pages(sql, parameters(params), **page, **options)

    def op_bulk_insert(
        self,
        connection: str,
        table: str,
        fields: list[dict[str, str]],
        rows: list[list[Cell]],
        batch_rows: int,
        options: Any,
    ) -> Reply:
        given = reader(fields, rows, batch_rows)
        return _inserted(self._connection(connection).bulk_insert(table, given, **options))

    def op_bulk_insert_parallel(
        self,
        pool: str,
        table: str,
        fields: list[dict[str, str]],
        rows: list[list[Cell]],
        batch_rows: int,
        options: Any,
    ) -> Reply:
        given = reader(fields, rows, batch_rows)
        result = self._pool(pool).bulk_insert_parallel(table, given, **options)
        return {**_inserted(result), "workers": result.workers}

    def op_pool_open(self, pool: str, connection_string: str, options: Any) -> None:
        # The contract's default is on; PEP 249 made Python's another.
        connection = {"autocommit": True, **options.pop("connection", {})}
        self._pools[pool] = self.pool(connection_string, connection=connection, **options)

    def pool(self, connection_string: str, **options: Any) -> Pool:
        return Pool(connection_string, **options)

    def op_pool_acquire(self, pool: str, connection: str) -> None:
        self._connections[connection] = self._pool(pool).acquire()

    def op_pool_state(self, pool: str) -> Reply:
        return self._pool(pool).state

    def op_pool_resize(self, pool: str, options: Any) -> None:
        self._pool(pool).resize(**options)

    def op_pool_close(self, pool: str) -> None:
        self._pool(pool).close()

    def op_statement_open(self, connection: str, statement: str, sql: str) -> None:
        self._statements[statement] = self._connection(connection).cursor().prepare(sql), sql

    def op_statement_execute(self, statement: str, params: Params) -> Reply:
        cursor, sql = self._statement(statement)
        executed = _executed(cursor.execute(sql, parameters(params)))
        return {**executed, "columns": cursor.column_count}

    def op_statement_query(self, statement: str, params: Params) -> Reply:
        cursor, sql = self._statement(statement)
        return _whole(cursor, sql, params, _fetched_by_twos)

    def op_statement_next(self, statement: str) -> Reply:
        cursor, _ = self._statement(statement)
        if cursor.nextset() is None:
            return {"found": False}
        return {**_executed(cursor), "columns": cursor.column_count}

    def op_statement_close(self, statement: str) -> None:
        self._statement(statement)[0].close()

    def op_statement_cancel(self, statement: str) -> None:
        self._statement(statement)[0].cancel()

    def op_statement_set_query_timeout(self, statement: str, query_timeout_ms: int) -> None:
        self._statement(statement)[0].query_timeout_ms = query_timeout_ms

    def op_connection_cancel(self, connection: str) -> None:
        self._connection(connection).cancel()

    def op_stream_open(self, statement: str, stream: str, options: Any) -> Reply:
        return self._kept(stream, self._statement(statement)[0].stream(**options))

    def _kept(self, stream: str, opened: Stream) -> Reply:
        self._streams[stream] = opened
        return {"schema": _schema(opened.columns)}

    def op_stream_fetch(self, stream: str) -> Reply:
        opened = self._stream(stream)
        batch = next(opened, None)
        return {"end": True} if batch is None else {"rows": rows_of(batch, opened.columns)}

    def op_stream_warnings(self, stream: str) -> Reply:
        return {"warnings": [_warning(warning) for warning in self._stream(stream).warnings]}

    def op_stream_progress(self, stream: str) -> Reply:
        progress = self._stream(stream).progress
        return {"delivered": progress.rows, "bytes": progress.bytes}

    def op_stream_cancel(self, stream: str) -> None:
        self._stream(stream).cancel()

    def op_stream_close(self, stream: str) -> None:
        self._stream(stream).close()

    def _pool(self, name: str) -> Pool:
        return named("pool", self._pools, name)

    def _connection(self, name: str) -> Connection:
        return named("connection", self._connections, name)

    def _statement(self, name: str) -> tuple[Cursor, str]:
        return named("statement", self._statements, name)

    def _stream(self, name: str) -> Stream:
        return named("stream", self._streams, name)


def _report(error: odbc_engine.Error) -> Reply:
    return {
        # Errors of the engine have one.
        "kind": error.kind and int(error.kind),
        "kind_name": error.kind_name,
        "sqlstate": error.sqlstate,
        "native_code": error.native_code,
        "operation": error.operation,
        "column": error.column,
        "row": error.row,
        "retryable": error.retryable,
        "record_count": len(error.records),
        "message": error.message,
    }


def _executed(cursor: Cursor) -> Reply:
    return {
        "affected_rows": None if cursor.rowcount < 0 else cursor.rowcount,
        "warnings": [_warning(warning) for warning in cursor.warnings],
    }


def _inserted(result: odbc_engine.BulkResult) -> Reply:
    return {
        "written": result.rows,
        "strategy": result.strategy,
        "executions": result.chunks,
        "warnings": [_warning(warning) for warning in result.warnings],
    }


def _warning(warning: Diagnostic) -> Reply:
    return {"sqlstate": warning.sqlstate, "native_code": warning.native_code}


def _schema(columns: list[Column]) -> list[Reply]:
    return [column._asdict() for column in columns]


def _whole(cursor: Cursor, sql: str, params: Params, fetch: Callable[[Cursor], Rows]) -> Reply:
    cursor.execute(sql, parameters(params))
    try:
        rows = fetch(cursor)
    except odbc_engine.DataError as error:
        if error.sqlstate is not None:
            raise
        # If Python has no object for a value, the batches have it; all other errors come again.
        return _drained(cursor.execute(sql, parameters(params)).stream())
    columns = cursor.columns
    return {"schema": _schema(columns), "rows": cells_of(rows, columns)}


def _fetched_by_twos(cursor: Cursor) -> Rows:
    return list(chain.from_iterable(iter(lambda: cursor.fetchmany(2), [])))


def _drained(stream: odbc_engine.Stream) -> Reply:
    batches = [rows_of(batch, stream.columns) for batch in stream]
    rows = [row for batch in batches for row in batch]
    return {"schema": _schema(stream.columns), "rows": rows, "batches": len(batches)}


def run(harness: Harness) -> None:
    # The first array imports pandas, which takes longer than some calls are given.
    pyarrow.array([1])
    serve(harness.answer)


if __name__ == "__main__":
    run(Harness())
