"""The conformance harness of the C ABI: the header's functions, called by ctypes."""

from __future__ import annotations

import contextlib
import json
import os
from ctypes import byref, c_int32, c_uint64
from pathlib import Path
from typing import Any

from conformance.harness.protocol import Fault, meant, named, serve, stopped_meanwhile

from .abi import EngineError, Execution, Library, Progress, options, utf8
from .arrow_read import read_rows, read_schema
from .arrow_structs import ArrowArray, ArrowSchema
from .arrow_write import Params, alive, build, rows_array, rows_schema, stream
from .telemetry import Telemetry


class Harness:
    """One method for each operation; handles stay under their names after they are closed."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._connections: dict[str, int] = {}
        self._statements: dict[str, int] = {}
        self._streams: dict[str, int] = {}
        self._pools: dict[str, int] = {}
        self._formats: dict[str, list[str]] = {}
        self._telemetry = Telemetry(library.exports)
        self._caller = ""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        operation = getattr(self, "op_" + request["op"], None)
        if operation is None:
            return {"unsupported": request["op"]}
        members = {key: value for key, value in request.items() if key not in ("id", "op")}
        cancel = members.pop("cancel", None)
        try:
            with self._cancelling(cancel) if cancel else contextlib.nullcontext():
                reply = {"ok": operation(**members) or {}}
        except EngineError as error:
            reply = {"error": error.report}
            if request["op"] == "bulk_insert_parallel":
                bulk = error.bulk and {"committed": error.bulk["committed"]}
                reply["error"] = {**error.report, "bulk": bulk}
        except Fault as fault:
            return {"fault": str(fault)}
        if alive():
            return {"fault": f"the library did not release {alive()} structures of {request['op']}"}
        return reply

    def _cancelling(self, cancel: dict[str, Any]) -> contextlib.AbstractContextManager[None]:
        """Has another thread cancel what is named, after a while, unless the block has ended."""
        finders = {
            "connection": self._connection,
            "statement": self._statement,
            "stream": self._stream,
            "pool": self._pool,
        }
        kind, handle = meant(cancel, finders)
        return stopped_meanwhile(cancel, lambda: self._library.call(f"odbc_{kind}_cancel", handle))

    def op_hello(self) -> dict[str, Any]:
        return {"binding": "c", "version": self._library.version, "abi": self._library.abi_version}

    def op_open(self, connection: str, connection_string: str, options: dict[str, Any]) -> None:
        if self._caller:
            options = {**options, "trace_context": self._caller}
        self._connections[connection] = self._library.open(
            "odbc_connection_open", *utf8(connection_string), *_options(options)
        )

    def op_close(self, connection: str) -> None:
        self._library.call("odbc_connection_close", self._connection(connection))

    def op_info(self, connection: str) -> Any:
        return self._library.json("odbc_connection_info", self._connection(connection))

    def op_capabilities(self, connection: str) -> Any:
        return self._library.json("odbc_connection_capabilities", self._connection(connection))

    def op_autocommit(self, connection: str, enabled: bool) -> None:
        self._library.call(
            "odbc_connection_set_autocommit", self._connection(connection), int(enabled)
        )

    def op_telemetry_init(self, options: dict[str, Any]) -> None:
        self._telemetry.init(options)

    def op_telemetry_export(self, spans: Any) -> None:
        self._telemetry.export(spans)

    def op_telemetry_spans(self) -> dict[str, Any]:
        return {"spans": self._telemetry.finished()}

    def op_telemetry_last_error(self) -> dict[str, Any]:
        return {"text": self._telemetry.last_error()}

    def op_telemetry_cleanup(self) -> None:
        self._telemetry.cleanup()

    def op_telemetry_shutdown(self) -> None:
        self._telemetry.shutdown()

    def op_trace_context(self, traceparent: str) -> None:
        self._caller = traceparent
        for handle in self._connections.values():
            self._tell_caller("odbc_connection_set_trace_context", handle)

    def _tell_caller(self, name: str, handle: int) -> None:
        with contextlib.suppress(EngineError):
            # What is closed has no operations any more, and the next call tells.
            self._library.call(name, handle, *utf8(self._caller))

    def op_commit(self, connection: str) -> None:
        self._library.call("odbc_connection_commit", self._connection(connection))

    def op_rollback(self, connection: str) -> None:
        self._library.call("odbc_connection_rollback", self._connection(connection))

    def op_begin(self, connection: str, options: dict[str, Any]) -> None:
        handle = self._connection(connection)
        self._library.call("odbc_connection_begin", handle, *_options(options))

    def op_savepoint(self, connection: str, name: str) -> None:
        self._library.call("odbc_connection_savepoint", self._connection(connection), *utf8(name))

    def op_rollback_to_savepoint(self, connection: str, name: str) -> None:
        handle = self._connection(connection)
        self._library.call("odbc_connection_rollback_to_savepoint", handle, *utf8(name))

    def op_release_savepoint(self, connection: str, name: str) -> None:
        handle = self._connection(connection)
        self._library.call("odbc_connection_release_savepoint", handle, *utf8(name))

    def op_execute(self, connection: str, sql: str, params: Params) -> dict[str, Any]:
        statement = self._library.open(
            "odbc_statement_open", self._connection(connection), *utf8(sql)
        )
        try:
            execution = self._execute(statement, params)
            del execution["columns"]
            return execution
        finally:
            self._library.call("odbc_statement_close", statement)

    def op_query(
        self, connection: str, sql: str, params: Params, options: dict[str, Any]
    ) -> dict[str, Any]:
        statement = self._library.open(
            "odbc_statement_open", self._connection(connection), *utf8(sql)
        )
        try:
            self._execute(statement, params)
            return self._drain(statement, options)
        finally:
            self._library.call("odbc_statement_close", statement)

    def op_query_parts(self, partition: dict[str, Any], **query: Any) -> dict[str, Any]:
        return self._read(self._several("odbc_parts_query", partition, **query))

    def op_parts_open(self, stream: str, partition: dict[str, Any], **query: Any) -> dict[str, Any]:
        return self._opened(stream, self._several("odbc_parts_query", partition, **query))

    def op_query_pages(self, page: dict[str, Any], **query: Any) -> dict[str, Any]:
        return self._read(self._several("odbc_pages_query", page, **query))

    def op_pages_open(self, stream: str, page: dict[str, Any], **query: Any) -> dict[str, Any]:
        return self._opened(stream, self._several("odbc_pages_query", page, **query))

    def _several(
        self,
        function: str,
        how: dict[str, Any],
        connection: str,
        sql: str,
        params: Params,
        options: dict[str, Any],
    ) -> int:
        schema, array = build(params) if params else (None, None)
        return self._library.open(
            function,
            self._connection(connection),
            *utf8(sql),
            None if schema is None else byref(schema),
            None if array is None else byref(array),
            *_options(how),
            *_options(options),
        )

    def op_bulk_insert(
        self,
        connection: str,
        table: str,
        fields: list[dict[str, str]],
        rows: list[list[str | None]],
        batch_rows: int,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        handle = self._connection(connection)
        given = (fields, rows, batch_rows)
        reply = self._bulk_insert("odbc_bulk_insert", handle, table, given, options)
        del reply["workers"]
        return reply

    def op_bulk_insert_parallel(
        self,
        pool: str,
        table: str,
        fields: list[dict[str, str]],
        rows: list[list[str | None]],
        batch_rows: int,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        given = (fields, rows, batch_rows)
        return self._bulk_insert(
            "odbc_bulk_insert_parallel", self._pool(pool), table, given, options
        )

    def _bulk_insert(
        self,
        function: str,
        handle: int,
        table: str,
        given: tuple[list[dict[str, str]], list[list[str | None]], int],
        options: dict[str, Any],
    ) -> dict[str, Any]:
        fields, rows, batch_rows = given
        pieces = (rows[at : at + batch_rows] for at in range(0, len(rows), batch_rows))
        batches = [rows_array(fields, piece) for piece in pieces]
        given_rows = stream(rows_schema(fields), batches)
        arguments = (*utf8(table), byref(given_rows), *_options(options))
        result = self._library.json(function, handle, *arguments)
        return {
            "written": result["rows"],
            "strategy": result["strategy"],
            "executions": result["chunks"],
            "workers": result["workers"],
            "warnings": _codes(result["warnings"]),
        }

    def op_pool_open(self, pool: str, connection_string: str, options: dict[str, Any]) -> None:
        self._pools[pool] = self._library.open(
            "odbc_pool_open", *utf8(connection_string), *_options(options)
        )

    def op_pool_acquire(self, pool: str, connection: str) -> None:
        self._tell_caller("odbc_pool_set_trace_context", self._pool(pool))
        handle = self._library.open("odbc_pool_acquire", self._pool(pool))
        self._connections[connection] = handle
        self._tell_caller("odbc_connection_set_trace_context", handle)

    def op_pool_state(self, pool: str) -> Any:
        return self._library.json("odbc_pool_state", self._pool(pool))

    def op_pool_resize(self, pool: str, options: dict[str, Any]) -> None:
        self._library.call("odbc_pool_resize", self._pool(pool), *_options(options))

    def op_pool_close(self, pool: str) -> None:
        self._library.call("odbc_pool_close", self._pool(pool))

    def op_catalog(self, connection: str, query: dict[str, Any]) -> dict[str, Any]:
        handle = self._connection(connection)
        statement = self._library.open("odbc_catalog_open", handle, *_options(query))
        try:
            return self._drain(statement, {})
        finally:
            self._library.call("odbc_statement_close", statement)

    def op_call(
        self, connection: str, statement: str, procedure: str, params: Params
    ) -> dict[str, Any]:
        schema, array = build(params) if params else (None, None)
        output_schema, outputs = ArrowSchema(), ArrowArray()
        handle, execution = c_uint64(), Execution()
        self._library.call(
            "odbc_procedure_call",
            self._connection(connection),
            *utf8(procedure),
            None if schema is None else byref(schema),
            None if array is None else byref(array),
            byref(output_schema),
            byref(outputs),
            byref(handle),
            byref(execution),
        )
        self._statements[statement] = handle.value
        try:
            columns = read_schema(output_schema)
            rows = read_rows(outputs, [column["format"] for column in columns])
        finally:
            output_schema.release(byref(output_schema))
            outputs.release(byref(outputs))
        cells = rows[0] if rows else []
        names = [column["name"] for column in columns]
        executed = self._executed(handle.value, execution)
        return {**executed, "outputs": dict(zip(names, cells, strict=True))}

    def op_statement_open(self, connection: str, statement: str, sql: str) -> None:
        self._statements[statement] = self._library.open(
            "odbc_statement_open", self._connection(connection), *utf8(sql)
        )

    def op_statement_execute(self, statement: str, params: Params) -> dict[str, Any]:
        return self._execute(self._statement(statement), params)

    def op_statement_query(self, statement: str, params: Params) -> dict[str, Any]:
        handle = self._statement(statement)
        self._execute(handle, params)
        return self._drain(handle, {})

    def op_statement_next(self, statement: str) -> dict[str, Any]:
        handle, found, execution = self._statement(statement), c_int32(), Execution()
        arguments = (handle, byref(found), byref(execution))
        self._library.call("odbc_statement_next_result", *arguments)
        return self._executed(handle, execution) if found.value else {"found": False}

    def op_statement_close(self, statement: str) -> None:
        self._library.call("odbc_statement_close", self._statement(statement))

    def op_statement_cancel(self, statement: str) -> None:
        self._library.call("odbc_statement_cancel", self._statement(statement))

    def op_statement_set_query_timeout(self, statement: str, query_timeout_ms: int) -> None:
        handle = self._statement(statement)
        self._library.call("odbc_statement_set_query_timeout", handle, query_timeout_ms)

    def op_connection_cancel(self, connection: str) -> None:
        self._library.call("odbc_connection_cancel", self._connection(connection))

    def op_stream_open(
        self, statement: str, stream: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        handle = self._library.open(
            "odbc_stream_start", self._statement(statement), *_options(options)
        )
        return self._opened(stream, handle)

    def _opened(self, stream: str, handle: int) -> dict[str, Any]:
        self._streams[stream] = handle
        schema = self._schema(handle)
        self._formats[stream] = [column["format"] for column in schema]
        return {"schema": schema}

    def op_stream_fetch(self, stream: str) -> dict[str, Any]:
        rows = self._fetch(self._stream(stream), self._formats[stream])
        return {"end": True} if rows is None else {"rows": rows}

    def op_stream_warnings(self, stream: str) -> dict[str, Any]:
        warnings = self._library.json("odbc_stream_warnings", self._stream(stream))
        return {"warnings": _codes(warnings)}

    def op_stream_progress(self, stream: str) -> dict[str, Any]:
        progress = Progress()
        self._library.call("odbc_stream_progress", self._stream(stream), byref(progress))
        return {"delivered": progress.rows, "bytes": progress.bytes}

    def op_stream_cancel(self, stream: str) -> None:
        self._library.call("odbc_stream_cancel", self._stream(stream))

    def op_stream_close(self, stream: str) -> None:
        self._library.call("odbc_stream_close", self._stream(stream))

    def op_clear(self, connection: str) -> None:
        self._library.call("odbc_connection_clear_statements", self._connection(connection))

    def op_clear_all(self) -> None:
        status = self._library.clear_all_statements()
        if status:
            raise Fault(f"odbc_clear_all_statements returned {status}, though nothing runs")

    def op_metrics(self) -> Any:
        return self._library.json("odbc_metrics_read")

    def op_metrics_reset(self) -> None:
        self._library.call("odbc_metrics_reset")

    def op_connection_string_build(self, pairs: list[list[str]]) -> dict[str, Any]:
        built = self._library.text("odbc_connection_string_build", *utf8(json.dumps(pairs)))
        return {"text": built}

    def op_connection_string_parse(self, text: str) -> dict[str, Any]:
        return {"pairs": self._library.json("odbc_connection_string_parse", *utf8(text))}

    def op_connection_string_redact(self, text: str) -> dict[str, Any]:
        return {"text": self._library.text("odbc_connection_string_redact", *utf8(text))}

    def _execute(self, statement: int, params: Params) -> dict[str, Any]:
        execution = Execution()
        schema, array = build(params) if params else (None, None)
        self._library.call(
            "odbc_statement_execute",
            statement,
            None if schema is None else byref(schema),
            None if array is None else byref(array),
            byref(execution),
        )
        return self._executed(statement, execution)

    def _executed(self, statement: int, execution: Execution) -> dict[str, Any]:
        said = execution.warning_count > 0
        warnings = self._library.json("odbc_statement_warnings", statement) if said else []
        return {
            "affected_rows": None if execution.affected_rows < 0 else execution.affected_rows,
            "warnings": _codes(warnings),
            "columns": execution.column_count,
        }

    def _drain(self, statement: int, options: dict[str, Any]) -> dict[str, Any]:
        return self._read(self._library.open("odbc_stream_start", statement, *_options(options)))

    def _read(self, stream: int) -> dict[str, Any]:
        """The schema and the rows of a stream, which is then closed."""
        schema = self._schema(stream)
        formats = [column["format"] for column in schema]
        rows: list[list[str | None]] = []
        batches = 0
        while (batch := self._fetch(stream, formats)) is not None:
            rows += batch
            batches += 1
        self._library.call("odbc_stream_close", stream)
        return {"schema": schema, "rows": rows, "batches": batches}

    def _schema(self, stream: int) -> list[dict[str, Any]]:
        schema = ArrowSchema()
        self._library.call("odbc_stream_schema", stream, byref(schema))
        try:
            return read_schema(schema)
        finally:
            schema.release(byref(schema))

    def _fetch(self, stream: int, formats: list[str]) -> list[list[str | None]] | None:
        batch = ArrowArray()
        self._library.call("odbc_stream_fetch", stream, byref(batch))
        if not batch.release:
            return None
        try:
            return read_rows(batch, formats)
        finally:
            batch.release(byref(batch))

    def _connection(self, name: str) -> int:
        return named("connection", self._connections, name)

    def _statement(self, name: str) -> int:
        return named("statement", self._statements, name)

    def _pool(self, name: str) -> int:
        return named("pool", self._pools, name)

    def _stream(self, name: str) -> int:
        return named("stream", self._streams, name)


# Some operations have a parameter of that name.
_options = options


def _codes(warnings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: warning[key] for key in ("sqlstate", "native_code")} for warning in warnings]


def main() -> None:
    path = os.environ.get("ODBC_ENGINE_LIBRARY")
    if not path:
        raise SystemExit("ODBC_ENGINE_LIBRARY must name the library of the C ABI")
    serve(Harness(Library(Path(path))).answer)


if __name__ == "__main__":
    main()
