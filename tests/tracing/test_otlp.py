"""The real exporter, and a small server that plays the collector; and the controller without any of it."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import util

import pytest
from structlog.testing import capture_logs

from acd import __version__
from acd.records.fold import fold
from acd.tracing import otlp, sender
from acd.tracing.spans import trace_id
from tests.records.scenario import START, facts_of
from tests.tracing.test_spans import CALL

LIMIT_S = 10.0


class Collector(ThreadingHTTPServer):
    """Answers with `status`, and keeps what it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.requests: list[tuple[str, bytes]] = []
        self.came = threading.Semaphore(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.requests.append((self.path, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.came.release()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setattr(sender, "GATHER_S", 0.0)
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_call_reaches_the_collector(collector: Collector) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    traces = otlp.call_traces(collector.url + "/", numbers=False, controller="two")
    assert traces is not None
    traces.start()
    traces.offer(fold("c1", facts_of(CALL)))
    assert collector.came.acquire(timeout=LIMIT_S)
    traces.close()
    assert traces.sent == 1
    ((path, body),) = collector.requests
    assert path == "/v1/traces"
    assert b"5550100" not in body
    (told,) = ExportTraceServiceRequest.FromString(body).resource_spans
    resource = {each.key: each.value.string_value for each in told.resource.attributes}
    assert resource["service.name"] == "acd"
    assert resource["service.version"] == __version__
    assert resource["service.instance.id"] == "two"
    (scope,) = told.scope_spans
    spans = {span.span_id: span for span in scope.spans}
    assert {span.trace_id for span in spans.values()} == {trace_id("c1").to_bytes(16, "big")}
    (root,) = (span for span in spans.values() if not span.parent_span_id)
    assert (root.name, root.start_time_unix_nano, root.end_time_unix_nano) == (
        "call", round(START * 1e9), round((START + 42) * 1e9),
    )  # fmt: skip
    ring = next(span for span in spans.values() if span.name == "ring")
    assert spans[ring.parent_span_id].name == "line"
    said = {each.key: each.value.string_value for each in ring.attributes}
    assert said == {
        "acd.call.id": "c1", "acd.group": "sales", "acd.agent.id": "ben", "acd.outcome": "no_answer",
    }  # fmt: skip


def test_a_collector_that_refuses_costs_the_trace_alone(collector: Collector) -> None:
    traces = otlp.call_traces(collector.url, numbers=False, controller="")
    assert traces is not None
    collector.status = 400
    with capture_logs() as said:
        traces.start()
        traces.offer(fold("c1", facts_of(CALL)))
        assert collector.came.acquire(timeout=LIMIT_S)
        traces.close()
    assert (traces.sent, traces.dropped) == (0, 1)
    assert [line["event"] for line in said] == ["the collector takes no traces, they are dropped"]


def test_without_the_packages_it_is_said_and_calls_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "find_spec", lambda name: None if "otlp" in name else util.find_spec(name))
    with capture_logs() as said:
        assert otlp.call_traces("http://127.0.0.1:4318", numbers=False, controller="") is None
    assert [line["event"] for line in said] == [
        "no traces are sent: acd is installed without its extra 'otel'"
    ]


def test_nothing_is_loaded_where_there_is_no_collector() -> None:
    looked = (
        "import sys, acd.assembly;"
        "print([m for m in sys.modules if m.startswith(('opentelemetry', 'acd.tracing'))])"
    )
    done = subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
