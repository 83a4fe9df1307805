"""OpenTelemetry: spans and metrics of what the engine does, exported by OTLP over HTTP.

>>> from odbc_engine import telemetry
>>> telemetry.init(exporter="memory")
>>> telemetry.finished()
[]
>>> telemetry.shutdown()

The engine exports by itself, on threads of its own. Where opentelemetry-api is in use, its spans
are children of the span that is current where a call is made; nothing of it is needed.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, Unpack

from odbc_engine import _native
from odbc_engine.errors import Error

__all__ = [
    "TelemetryOptions",
    "cleanup",
    "export",
    "finished",
    "init",
    "is_on",
    "is_sampled",
    "last_error",
    "shutdown",
]

_Value = str | bool | int | float | list[str] | list[bool] | list[int] | list[float]


class TelemetryOptions(TypedDict, total=False):
    """What :func:`init` takes; ``OTEL_*`` environment variables say the rest."""

    #: Of a collector, such as ``http://localhost:4318``.
    endpoint: str
    protocol: Literal["http/protobuf"]
    headers: Mapping[str, str]
    timeout_ms: int
    exporter: Literal["otlp", "stdout", "memory", "none"]
    metrics: bool
    service_name: str
    resource_attributes: Mapping[str, _Value]
    sampler: str
    sampler_ratio: float
    #: Whether a span has the SQL text, with ``?`` for each literal.
    query_text: Literal["sanitised", "off"]
    queue_spans_max: int
    memory_spans_max: int
    schedule_delay_ms: int
    metrics_interval_ms: int
    shutdown_timeout_ms: int


def init(**options: Unpack[TelemetryOptions]) -> None:
    """Turns telemetry on, until :func:`shutdown` or the end of the process.

    The endpoint, the service's name and all else are what the environment says (``OTEL_*``),
    unless they are told. Where opentelemetry's SDK is set up, its resource counts as well.
    """
    given: dict[str, Any] = dict(options)
    resource = _resource_of_sdk()
    if "service_name" in given:
        resource.pop("service.name", None)
    if resource:
        given["resource_attributes"] = {**resource, **given.get("resource_attributes", {})}
    _native.otel_init(json.dumps(given))
    # Registering again would not call it twice.
    atexit.unregister(_shutdown_at_exit)
    atexit.register(_shutdown_at_exit)


def _shutdown_at_exit() -> None:
    # Nobody is left to hear of a failure.
    with contextlib.suppress(Error):
        shutdown()


def _resource_of_sdk() -> dict[str, Any]:
    """The resource of the tracer provider that the application has set up, if it has."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    provider = trace.get_tracer_provider()
    attributes = getattr(getattr(provider, "resource", None), "attributes", None) or {}
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in attributes.items()
        if not key.startswith("telemetry.sdk.")
    }


def export(spans: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> None:
    """Exports spans that were made elsewhere and are finished, in the form of :func:`finished`."""
    given = spans if isinstance(spans, Mapping) else list(spans)
    _native.otel_export_trace(json.dumps(given))


def finished() -> list[dict[str, Any]]:
    """The spans that are finished in memory, by ``exporter="memory"``; they are forgotten."""
    spans: list[dict[str, Any]] = json.loads(_native.otel_take_finished())
    return spans


def last_error() -> str:
    """What went wrong last, in a call or while exporting, and what was lost; "" for nothing."""
    return _native.otel_last_error()


def cleanup() -> None:
    """Forgets the last error, and the spans that are finished in memory."""
    _native.otel_cleanup()


def is_on() -> bool:
    """Whether anything is observed."""
    return _native.otel_is_on()


def is_sampled(trace_id: str) -> bool:
    """Whether a trace that begins with this id is to be sampled."""
    return _native.otel_is_sampled(trace_id)


def shutdown() -> None:
    """Turns telemetry off, and exports what is left within ``shutdown_timeout_ms``."""
    _native.otel_shutdown()
