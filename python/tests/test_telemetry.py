"""Spans of the engine, and the caller's span around them."""

from __future__ import annotations

import asyncio
import textwrap
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import IN_MEMORY
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import odbc_engine
from odbc_engine import ErrorKind, aio, telemetry

TRACER = TracerProvider().get_tracer("tests")


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    telemetry.init(exporter="memory")
    yield
    telemetry.shutdown()
    telemetry.cleanup()


def parents() -> list[str | None]:
    """The parents of the finished executions, in order."""
    return [
        span["parent_span_id"]
        for span in telemetry.finished()
        if span["attributes"]["odbc_engine.operation"] == "execute"
    ]


def span_id(span: trace.Span) -> str:
    return f"{span.get_span_context().span_id:016x}"


def test_spans_join_the_callers_context() -> None:
    with TRACER.start_as_current_span("outer") as outer:
        connection = odbc_engine.connect(IN_MEMORY)
        cursor = connection.execute("SELECT 47110815")
        cursor.fetchall()
    connection.execute("SELECT 2")
    connection.close()
    spans = telemetry.finished()
    assert [span["name"].split(" ")[0] for span in spans] == [
        "connect",
        "SELECT",
        "fetch",
        "SELECT",
    ]
    own = [span["parent_span_id"] for span in spans]
    assert own == [span_id(outer)] * 3 + [None]
    trace_id = f"{outer.get_span_context().trace_id:032x}"
    assert [span["trace_id"] == trace_id for span in spans] == [True] * 3 + [False]
    assert "47110815" not in str(spans)


def test_a_span_that_is_not_sampled_has_no_children(connection: odbc_engine.Connection) -> None:
    telemetry.finished()
    context = trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(0))
    with trace.use_span(trace.NonRecordingSpan(context)):
        connection.execute("SELECT 1")
    assert telemetry.finished() == []


def test_threads_have_contexts_of_their_own(connection: odbc_engine.Connection) -> None:
    ids: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        with TRACER.start_as_current_span("work") as span:
            for _ in range(5):
                with lock:
                    connection.execute("SELECT 1")
                    ids.append(span_id(span))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert parents() == ids


def test_tasks_have_contexts_of_their_own(connection: odbc_engine.Connection) -> None:
    ids: list[str] = []

    async def work() -> None:
        with TRACER.start_as_current_span("work") as span:
            for _ in range(5):
                await asyncio.sleep(0)
                connection.execute("SELECT 1")
                ids.append(span_id(span))

    async def all_of_them() -> None:
        await asyncio.gather(*(work() for _ in range(4)))

    asyncio.run(all_of_them())
    assert len(set(ids)) == 4
    assert parents() == ids


def test_work_in_other_threads_follows_the_task(connection: odbc_engine.Connection) -> None:
    async def work() -> str:
        with TRACER.start_as_current_span("work") as span:
            await asyncio.to_thread(connection.execute, "SELECT 1")
            return span_id(span)

    assert asyncio.run(work()) == parents()[0]


def test_awaited_calls_belong_to_their_task() -> None:
    async def work(connection: aio.Connection, ids: list[str]) -> None:
        with TRACER.start_as_current_span("work") as span:
            for _ in range(3):
                ids.append(span_id(span))
                await connection.execute("SELECT 1")

    async def all_of_them() -> tuple[list[str], str]:
        ids: list[str] = []
        with TRACER.start_as_current_span("opening") as opening:
            connection = await aio.connect(IN_MEMORY)
        async with connection:
            await asyncio.gather(*(work(connection, ids) for _ in range(4)))
        return ids, span_id(opening)

    ids, opening = asyncio.run(all_of_them())
    spans = telemetry.finished()
    assert spans[0]["parent_span_id"] == opening
    executed = [span["parent_span_id"] for span in spans if span["name"] == "SELECT"]
    assert sorted(executed) == sorted(ids)


def test_a_span_of_the_application_meets_those_of_the_engine() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("shop").start_as_current_span("checkout"):
        odbc_engine.connect(IN_MEMORY).close()
    (checkout,) = exporter.get_finished_spans()
    (connect,) = telemetry.finished()
    assert checkout.context is not None
    assert connect["trace_id"] == f"{checkout.context.trace_id:032x}"
    assert connect["parent_span_id"] == f"{checkout.context.span_id:016x}"


def test_failures_have_kinds_and_reasons() -> None:
    with pytest.raises(odbc_engine.ProgrammingError, match="otel_shutdown first") as failed:
        telemetry.init()
    assert failed.value.kind is ErrorKind.INVALID_STATE
    assert telemetry.last_error().startswith("otel_init: telemetry is on")
    with pytest.raises(odbc_engine.ProgrammingError, match="span 0"):
        telemetry.export({"trace_id": "x"})
    telemetry.cleanup()
    assert telemetry.last_error() == ""
    telemetry.shutdown()
    assert not telemetry.is_on()
    with pytest.raises(odbc_engine.ProgrammingError, match="otel_init first"):
        telemetry.export([])
    with pytest.raises(odbc_engine.ProgrammingError, match="no option"):
        telemetry.init(endpont="x")  # type: ignore[call-arg]
    with pytest.raises(odbc_engine.NotSupportedError, match="protocol"):
        telemetry.init(protocol="grpc")  # type: ignore[arg-type]


def test_the_resource_of_the_sdk_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = TracerProvider(resource=Resource({"service.name": "shop", "list": ("a", "b")}))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    told: list[str] = []
    monkeypatch.setattr(telemetry._native, "otel_init", told.append)
    telemetry.init()
    telemetry.init(service_name="other", resource_attributes={"list": "c"})
    assert '"service.name": "shop"' in told[0]
    assert '"list": ["a", "b"]' in told[0]
    assert "telemetry.sdk" not in told[0]
    assert '"service.name"' not in told[1]
    assert '"service_name": "other"' in told[1]
    assert '"list": "c"' in told[1]


def test_nothing_is_asked_where_opentelemetry_is_not_imported(
    run_python: Callable[[str], Any],
) -> None:
    program = f"""
        import sys
        import odbc_engine
        from odbc_engine import telemetry
        telemetry.init(exporter="memory")
        odbc_engine.connect({IN_MEMORY!r}).execute("SELECT 1").fetchall()
        spans = telemetry.finished()
        assert len(spans) == 3, spans
        assert all(span["parent_span_id"] is None for span in spans)
        assert not any(name.startswith("opentelemetry") for name in sys.modules)
        """
    run_python(textwrap.dedent(program))
