"""Runs one cell: connects, sets up, takes the steps, compares and cleans up."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

from . import parameters
from .case import Case, Step
from .compare import Comparison
from .connection_string import ConnectionString
from .database import Database
from .harness import Harness, HarnessCrashed, HarnessError, HarnessTimeout
from .outcome import Cell, Observed, Outcome, Result, Verdict
from .parity import digest_of, preview, reply_digest
from .spans import comparable
from .template import TemplateError, render, sql_text

_MAIN = "main"
# The connection on which the conductor itself cleans up, whatever state a case leaves its own in.
_KEEPER = "keeper"
# What concerns the process as a whole, or nothing but a text.
_WITHOUT_CONNECTION = (
    "clear_all",
    "metrics",
    "metrics_reset",
    "pool_open",
    "pool_state",
    "pool_resize",
    "pool_close",
    "bulk_insert_parallel",
    "connection_string_build",
    "connection_string_parse",
    "connection_string_redact",
    "telemetry_init",
    "telemetry_export",
    "telemetry_spans",
    "telemetry_last_error",
    "telemetry_cleanup",
    "telemetry_shutdown",
    "trace_context",
)

_QUERIES = ("query", "query_parts", "query_pages", "parts_open", "pages_open")

_WITH_OPTIONS = (
    *_QUERIES,
    "open",
    "begin",
    "bulk_insert",
    "bulk_insert_parallel",
    "pool_open",
    "pool_resize",
    "stream_open",
    "telemetry_init",
)


class _Unsupported(Exception):
    """The harness does not know an operation."""


class _SetupFailed(Exception):
    """The case could not be brought to its first step."""


class CellRun:
    """The run of one cell on a live harness."""

    def __init__(
        self,
        cell: Cell,
        harness: Harness,
        database: Database,
        connection_string: str,
        local: Mapping[str, str],
        unsupported: Mapping[str, str],
        stream_options: Mapping[str, Any],
    ) -> None:
        self._cell = cell
        self._case: Case = cell.case
        self._harness = harness
        self._database = database
        self._connection_string = connection_string
        self._secret = ConnectionString.parse(connection_string).secret()
        self._local = local
        self._unsupported = unsupported
        self._stream_options = stream_options
        self._tables = {name: _table_name(cell, name) for name in cell.case.tables}
        self._tokens = tokens_of(cell.case, database, {**local, **self._tables})
        self._formats: dict[str, list[str]] = {}
        self._opened: list[str] = []
        self._pools: list[str] = []

    def run(self) -> Result:
        """The result of the cell; the harness may be unusable unless the case ended."""
        result = Result(self._cell, Outcome.PASSED)
        started = time.monotonic()
        try:
            self._set_up()
            self._take_steps(result)
            self._clean_up(result)
        except _Unsupported as reason:
            result.outcome = Outcome.UNSUPPORTED
            result.declared = str(reason) in self._unsupported
            why = self._unsupported.get(str(reason), "which bindings.yaml does not declare")
            result.explanation.append(f"operation {reason} is unsupported: {why}")
        except (_SetupFailed, HarnessError, TemplateError) as error:
            end(result, error)
        result.seconds = round(time.monotonic() - started, 3)
        return result

    def _request(self, op: str, **members: Any) -> dict[str, Any]:
        reply = self._harness.request(op, self._case.timeout_s, **members)
        if "unsupported" in reply:
            raise _Unsupported(reply["unsupported"])
        if op in ("open", "pool_acquire"):
            self._opened.append(members["connection"])
        if op == "pool_open":
            self._pools.append(members["pool"])
        return reply

    def _must(self, what: str, op: str, **members: Any) -> None:
        reply = self._request(op, **members)
        if "ok" not in reply:
            reason = reply.get("error", {}).get("message") or reply.get("fault")
            raise _SetupFailed(f"{what}: {reason}")

    def _set_up(self) -> None:
        if self._tables or self._case.teardown or self._case.setup:
            self._sweep()
            for sql in self._case.setup:
                text = sql_text(sql, self._tokens)
                self._must(
                    f"setup {text[:200]!r}", "execute", connection=_KEEPER, sql=text, params=[]
                )
            self._must("closing after the setup", "close", connection=_KEEPER)
        if self._case.opens:
            self._must(
                "connecting",
                "open",
                connection=_MAIN,
                connection_string=self._connection_string,
                options=dict(self._case.options),
            )

    def _sweep(self) -> None:
        """Opens the keeper and drops what the case makes."""
        self._must(
            "connecting",
            "open",
            connection=_KEEPER,
            connection_string=self._connection_string,
            options={},
        )
        drops = [f"drop table if exists {name}" for name in reversed(self._tables.values())]
        drops += [sql_text(sql, self._tokens) for sql in self._case.teardown]
        for text in drops:
            self._must(f"cleaning {text!r}", "execute", connection=_KEEPER, sql=text, params=[])

    def _take_steps(self, result: Result) -> None:
        for step in self._case.steps:
            members = self._members(step)
            expect = self._case.expectation(step, self._cell.database)
            digests = []
            for _ in range(step.repeat):
                if "cancel" in members and "cancel" in self._unsupported:
                    raise _Unsupported("cancel")
                started = time.monotonic()
                reply = self._request(step.op, **members)
                took_ms = (time.monotonic() - started) * 1000
                if step.op == "catalog":
                    reply = self._without_own_names(reply)
                if step.op == "query_parts":
                    reply = _in_order(reply)
                if step.op in ("query", "statement_query") and not members.get("options"):
                    reply = _whole(reply)
                if step.op == "telemetry_spans":
                    reply = comparable(self._without_own_names(reply))
                digests.append(reply_digest(reply))
                comparison = Comparison(
                    self._cell.database, self._tokens, self._formats_for(step, members, reply)
                )
                found = comparison.differences(expect, reply)
                limit_ms = (expect or {}).get("within_ms")
                if limit_ms is not None and took_ms > limit_ms:
                    found.append(f"it took {took_ms:.0f} ms, more than {limit_ms}")
                if self._secret and self._secret in str(reply):
                    found.append("the reply holds the password of the connection string")
                result.explanation += [f"step {step.name}: {difference}" for difference in found]
            result.observed[step.name] = Observed(digest_of(digests), preview(reply))
        result.digest = digest_of([(name, seen.digest) for name, seen in result.observed.items()])
        result.correct = Verdict.NO if result.explanation else Verdict.YES
        if result.explanation:
            result.outcome = Outcome.FAILED

    def _clean_up(self, result: Result) -> None:
        opened = [("close", {"connection": name}) for name in dict.fromkeys(self._opened)]
        opened += [("pool_close", {"pool": name}) for name in dict.fromkeys(self._pools)]
        for op, names in opened:
            reply = self._request(op, **names)
            # What never opened may answer that it is not there; a connection that did must close.
            if "error" in reply and reply["error"].get("kind_name") != "InvalidState":
                result.outcome = Outcome.FAILED
                name = ", ".join(names.values())
                result.explanation.append(f"closing {name}: {reply['error'].get('message')}")
        if self._tables or self._case.teardown:
            self._sweep()
            self._must("closing after the case", "close", connection=_KEEPER)

    def _members(self, step: Step) -> dict[str, Any]:
        members = dict(step.members)
        op = step.op
        if op == "catalog":
            query = members["query"].items()
            members["query"] = {key: render(text, self._tokens) for key, text in query}
        if op in (*_QUERIES, "execute", "statement_open"):
            members["sql"] = sql_text(members["sql"], self._tokens)
        if op in ("bulk_insert", "bulk_insert_parallel"):
            members["table"] = render(members["table"], self._tokens)
            members["rows"] = parameters.encoded_rows(members["fields"], members["rows"])
            members.setdefault("batch_rows", max(1, len(members["rows"])))
        if op == "call":
            members["procedure"] = render(members["procedure"], self._tokens)
        if op == "statement_open" or not (
            op.startswith(("statement_", "stream_")) or op in _WITHOUT_CONNECTION
        ):
            members.setdefault("connection", _MAIN)
        if op.startswith("statement_") or op in ("call", "stream_open"):
            members.setdefault("statement", _MAIN)
        if op.startswith("stream_") or op in ("parts_open", "pages_open"):
            members.setdefault("stream", _MAIN)
        if op.startswith("pool_") or op == "bulk_insert_parallel":
            members.setdefault("pool", _MAIN)
        if "text" in members:
            members["text"] = render(members["text"], self._tokens)
        if "savepoint" in members:
            members["name"] = members.pop("savepoint")
        if op in (*_QUERIES, "execute", "call", "statement_execute", "statement_query"):
            members["params"] = parameters.encoded(members.get("params", []))
        if op in _WITH_OPTIONS:
            members.setdefault("options", {})
        if op in ("query", "query_parts", "query_pages") and not _counts_batches(step):
            members["options"] = {**self._stream_options, **members["options"]}
        if op in ("open", "pool_open"):
            members["connection_string"] = self._open_string(members)
            members.pop("variant", None)
        return members

    def _without_own_names(self, reply: dict[str, Any]) -> dict[str, Any]:
        """A reply with the tokens of the tables and places whose names no other binding has."""
        text = json.dumps(reply)
        for name in (*self._case.tables, "scratch"):
            text = text.replace(self._tokens[name], f"{{{name}}}")
        replaced: dict[str, Any] = json.loads(text)
        return replaced

    def _open_string(self, members: Mapping[str, Any]) -> str:
        if "variant" in members:
            return self._database.variant(members["variant"], self._connection_string, self._local)
        given = members.get("connection_string", "{connection_string}")
        return render(given, {**self._tokens, "connection_string": self._connection_string})

    def _formats_for(
        self, step: Step, members: Mapping[str, Any], reply: Mapping[str, Any]
    ) -> list[str]:
        """The formats of a reply's columns; those of a fetch were told when its stream opened."""
        schema = reply.get("ok", {}).get("schema") if isinstance(reply.get("ok"), Mapping) else None
        formats = [column["format"] for column in schema or ()]
        stream = members.get("stream")
        if step.op == "stream_open" and stream:
            self._formats[stream] = formats
        return self._formats.get(stream, formats) if stream else formats


def _counts_batches(step: Step) -> bool:
    """Whether a step expects a number of batches, or an error of its own options."""
    return bool(step.members.get("options")) or "batches" in str(step.expect)


def _in_order(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply whose rows come in any order and in any number of batches, with its rows in order."""
    if "rows" not in reply.get("ok", {}):
        return reply
    rows = sorted(reply["ok"]["rows"], key=lambda row: [(cell is None, cell or "") for cell in row])
    return {**reply, "ok": {**reply["ok"], "rows": rows, "batches": 0}}


def _whole(reply: dict[str, Any]) -> dict[str, Any]:
    """A reply without its number of batches, which reading it as a whole does not tell."""
    if "rows" not in reply.get("ok", {}):
        return reply
    return {**reply, "ok": {key: reply["ok"][key] for key in reply["ok"] if key != "batches"}}


def tokens_of(case: Case, database: Database, local: Mapping[str, str]) -> dict[str, str]:
    """All tokens that the texts of a case may use on a database."""
    for name in case.tables:
        if name in database.tokens:
            raise TemplateError(f"table {name} of {case.id} is also a token of {database.name}")
    return {**database.tokens, **local}


def _table_name(cell: Cell, name: str) -> str:
    """A name that no other cell uses: an abandoned connection's lock harms its own cell only."""
    mark = hashlib.sha256(f"{cell.case.id}/{cell.binding}".encode()).hexdigest()[:8]
    return f"cf_{name}_{mark}"


def end(result: Result, error: Exception) -> None:
    """Makes a result that of a cell that was cut short, or whose harness then failed."""
    match error:
        case HarnessTimeout():
            result.outcome = Outcome.TIMEOUT
        case HarnessCrashed():
            result.outcome = Outcome.CRASHED
        case _:
            result.outcome = Outcome.ERRORED
    result.digest = None
    result.explanation.append(str(error))
