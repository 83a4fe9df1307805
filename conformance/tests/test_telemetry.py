"""What a collector is sent from each language, and what happens where there is none.

The programs are the harnesses, which use the public API of their language.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.conductor.binding import Binding, tokens
from conformance.conductor.harness import Harness
from conformance.tests.collector import Collector, attributes, collecting

ROOT = Path(__file__).resolve().parents[2]
BINDINGS = yaml.safe_load((ROOT / "conformance/bindings.yaml").read_text())["bindings"]
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
DEADLINE_S = 2.0


class Program:
    """A harness whose requests must succeed, unless an error is asked for."""

    def __init__(self, name: str, folder: Path) -> None:
        binding = Binding.from_document(name, BINDINGS[name]).resolved(tokens(ROOT, "debug"))
        self._harness = Harness(binding, folder / "harness.log")
        self._database = folder / "main.sqlite"
        self.connection_string = f"Driver=SQLite3;Database={self._database};PWD=hunter2"

    def ask(self, op: str, **members: Any) -> Any:
        reply = self._harness.request(op, 60, **members)
        assert "ok" in reply, reply
        return reply["ok"]

    def fail(self, op: str, **members: Any) -> Any:
        reply = self._harness.request(op, 60, **members)
        assert "error" in reply, reply
        return reply["error"]

    def stop(self) -> None:
        self._harness.stop()


@pytest.fixture(params=list(BINDINGS))
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Program]:
    program = Program(request.param, tmp_path)
    try:
        yield program
    finally:
        program.stop()


def run_a_pooled_query(program: Program, collector: Collector) -> dict[str, Any]:
    """A success and a failure on a connection of a pool, in a span of the application."""
    program.ask(
        "telemetry_init",
        options={
            "endpoint": collector.endpoint,
            "service_name": "shop",
            "headers": {"x-tenant": "blue"},
            "resource_attributes": {"deployment.environment.name": "test"},
        },
    )
    begin = time.time_ns()
    program.ask("trace_context", traceparent=f"00-{TRACE}-{CALLER}-01")
    program.ask(
        "pool_open",
        pool="main",
        connection_string=program.connection_string,
        options={"size_min": 0, "size_max": 3},
    )
    program.ask("pool_acquire", pool="main", connection="main")
    on_main = {"connection": "main", "params": []}
    program.ask("execute", sql="create table orders (id integer, item text)", **on_main)
    program.ask("execute", sql="insert into orders values (4711, 'geheim'), (2, 'x')", **on_main)
    sql = "select id from orders where item <> 'geheim2' and id > ?"
    params = [{"type": "l", "value": "-815"}]
    rows = program.ask("query", connection="main", sql=sql, params=params, options={})["rows"]
    assert len(rows) == 2
    error = program.fail("execute", sql="select nope from orders where id = 4711", **on_main)
    program.ask("close", connection="main")
    program.ask("trace_context", traceparent="")
    program.ask(
        "telemetry_export",
        spans={
            "trace_id": TRACE,
            "span_id": CALLER,
            "name": "checkout",
            "kind": "server",
            "start_time_unix_nano": begin,
            "end_time_unix_nano": time.time_ns(),
        },
    )
    program.ask("telemetry_shutdown")
    program.ask("pool_close", pool="main")
    assert isinstance(error, dict)
    return error


def test_one_connected_trace_arrives(program: Program) -> None:
    with collecting() as collector:
        error = run_a_pooled_query(program, collector)
    spans = collector.spans
    assert sorted(span.name for span in spans) == sorted(
        [
            "checkout",
            f"connect {program._database}",
            f"acquire {program._database}",
            "create table orders",
            "insert orders",
            "select orders",
            "fetch select orders",
            "select orders",
        ]
    )
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert len({span.span_id for span in spans}) == len(spans)
    (root,) = [span for span in spans if span.name == "checkout"]
    assert root.span_id.hex() == CALLER
    assert root.parent_span_id == b""
    for span in spans:
        assert span.end_time_unix_nano >= span.start_time_unix_nano
        if span is root:
            continue
        assert span.parent_span_id.hex() == CALLER
        assert span.kind == span.SPAN_KIND_CLIENT
        assert root.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= root.end_time_unix_nano
        found = attributes(span.attributes)
        assert found["db.system.name"] == "sqlite"
        assert found["db.namespace"] == str(program._database)
    (failed,) = [span for span in spans if span.status.code == span.status.STATUS_CODE_ERROR]
    found = attributes(failed.attributes)
    assert failed.status.message == "Syntax" == error["kind_name"]
    assert found["error.type"] == found["db.response.status_code"] == error["sqlstate"]
    assert found["db.query.text"] == "select nope from orders where id = ?"
    (fetch,) = [span for span in spans if span.name == "fetch select orders"]
    assert attributes(fetch.attributes)["db.response.returned_rows"] == 2
    assert [event.name for event in fetch.events] == ["batch"]


def test_the_resource_and_the_headers_are_as_configured(program: Program) -> None:
    with collecting() as collector:
        run_a_pooled_query(program, collector)
    for resource in collector.resources:
        assert resource["service.name"] == "shop"
        assert resource["deployment.environment.name"] == "test"
        assert resource["telemetry.sdk.name"] == "opentelemetry"
    for headers in collector.headers:
        assert headers["x-tenant"] == "blue"
        assert headers["content-type"] == "application/x-protobuf"


def test_metrics_are_plausible(program: Program) -> None:
    with collecting() as collector:
        run_a_pooled_query(program, collector)
    metrics = collector.metrics
    duration = metrics["db.client.operation.duration"]
    assert duration.unit == "s"
    points = duration.histogram.data_points
    by_operation: dict[str, int] = {}
    for point in points:
        name = attributes(point.attributes)["odbc_engine.operation"]
        by_operation[name] = by_operation.get(name, 0) + point.count
        assert 0 < point.sum < 60
        assert list(point.explicit_bounds) == [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
    assert by_operation == {"connect": 1, "acquire": 1, "execute": 4}
    failed = [p for p in points if "error.type" in attributes(p.attributes)]
    assert sum(point.count for point in failed) == 1
    (rows,) = metrics["db.client.response.returned_rows"].histogram.data_points
    assert (rows.count, rows.sum) == (1, 2)
    (fetched,) = metrics["odbc_engine.fetched.rows"].sum.data_points
    assert fetched.as_int == 2
    for name in ("create_time", "wait_time", "use_time"):
        (point,) = metrics[f"db.client.connection.{name}"].histogram.data_points
        assert point.count == 1
    (size,) = metrics["db.client.connection.max"].sum.data_points
    assert size.as_int == 3
    counts = metrics["db.client.connection.count"].sum.data_points
    by_state = {attributes(p.attributes)["db.client.connection.state"]: p.as_int for p in counts}
    assert by_state == {"idle": 1, "used": 0}


def test_neither_secrets_nor_values_arrive(program: Program) -> None:
    with collecting() as collector:
        run_a_pooled_query(program, collector)
    sent = b"".join(collector.bodies)
    for secret in (b"hunter2", b"4711", b"geheim", b"815"):
        assert secret not in sent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run_without_a_collector(program: Program, endpoint: str) -> tuple[Any, str]:
    """Many queries; the error of the shutdown, and the last one."""
    program.ask(
        "telemetry_init",
        options={
            "endpoint": endpoint,
            "timeout_ms": 10_000,
            "schedule_delay_ms": 10,
            "queue_spans_max": 50,
            "shutdown_timeout_ms": int(DEADLINE_S * 1000),
        },
    )
    text = program.connection_string
    program.ask("open", connection="main", connection_string=text, options={})
    begin = time.monotonic()
    for _ in range(200):
        program.ask("query", connection="main", sql="select 1", params=[], options={})
    assert time.monotonic() - begin < 60, "a query waited for the collector"
    begin = time.monotonic()
    error = program.fail("telemetry_shutdown")
    assert time.monotonic() - begin < DEADLINE_S + 15
    last = program.ask("telemetry_last_error")["text"]
    program.ask("query", connection="main", sql="select 1", params=[], options={})
    program.ask("close", connection="main")
    assert "hunter2" not in last
    assert isinstance(last, str)
    return error, last


def test_a_collector_that_is_down_fails_no_query(program: Program) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    error, last = run_without_a_collector(program, endpoint)
    # Trying again may take until the deadline.
    assert error["kind_name"] in ("Connection", "Timeout")
    assert "spans were" in last


def test_a_slow_collector_delays_no_query(program: Program) -> None:
    with collecting(slow=True) as collector:
        error, last = run_without_a_collector(program, collector.endpoint)
    assert error["kind_name"] == "Timeout"
    assert error["operation"] == "otel_shutdown"
    assert "spans were dropped: no room in the queue" in last


def test_a_collector_that_answers_500_fails_no_query(program: Program) -> None:
    with collecting(500) as collector:
        error, last = run_without_a_collector(program, collector.endpoint)
    assert error["kind_name"] == "Connection"
    assert "500" in last
    assert "spans were lost: their export failed" in last
