"""A collector that speaks OTLP over HTTP, and decodes it by OpenTelemetry's own package."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


def attributes(pairs: Any) -> dict[str, Any]:
    """Attributes by their keys; one that is there twice is an error."""
    found: dict[str, Any] = {}
    for pair in pairs:
        assert isinstance(pair, KeyValue)
        assert pair.key not in found, f"{pair.key} is there twice"
        found[pair.key] = getattr(pair.value, str(pair.value.WhichOneof("value")))
    return found


@dataclass
class Collector:
    """Answers with ``status``, after ``gate`` is open."""

    status: int = 200
    gate: threading.Event = field(default_factory=threading.Event)
    endpoint: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    traces: list[Any] = field(default_factory=list)
    metric_requests: list[Any] = field(default_factory=list)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.headers.append(headers)
        self.bodies.append(body)
        if path == "/v1/traces":
            self.traces.append(ExportTraceServiceRequest.FromString(body))
        elif path == "/v1/metrics":
            self.metric_requests.append(ExportMetricsServiceRequest.FromString(body))
        else:
            raise AssertionError(f"a request to {path}")

    @property
    def resources(self) -> list[dict[str, Any]]:
        parts = [part for request in self.traces for part in request.resource_spans]
        return [attributes(part.resource.attributes) for part in parts]

    @property
    def spans(self) -> list[Any]:
        parts = [part for request in self.traces for part in request.resource_spans]
        return [span for part in parts for scope in part.scope_spans for span in scope.spans]

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics of the last request, by name."""
        parts = self.metric_requests[-1].resource_metrics
        scopes = [scope for part in parts for scope in part.scope_metrics]
        return {metric.name: metric for scope in scopes for metric in scope.metrics}


@contextmanager
def collecting(status: int = 200, *, slow: bool = False) -> Iterator[Collector]:
    """A collector on a free port; a slow one answers once the block has ended."""
    collector = Collector(status)
    if not slow:
        collector.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.take(self.path, dict(self.headers), body)
            collector.gate.wait()
            self.send_response(collector.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that does not wait for its answer is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    collector.endpoint = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield collector
    finally:
        collector.gate.set()
        server.shutdown()
        server.server_close()
