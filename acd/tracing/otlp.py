"""Traces over OTLP/HTTP. The only module that knows OpenTelemetry, imported where a collector is named."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.util import find_spec

import structlog

from acd import __version__
from acd.records.record import CallRecord
from acd.tracing.sender import CallTraces
from acd.tracing.spans import Span, spans_of, trace_id

log = structlog.get_logger(__name__)

SERVICE = "acd"
PATH = "/v1/traces"
LIMIT_S = 5.0
"""For one sending, with its repetitions."""


def call_traces(endpoint: str, *, numbers: bool, controller: str) -> CallTraces | None:
    """To the collector at this URL. None, and the log says why, where the packages are not installed.

    `controller`: the name of this one, where there are several.
    """
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        log.error("no traces are sent: acd is installed without its extra 'otel'", endpoint=endpoint)
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExportResult
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

    # What it logs we say ourselves, once and not with each try.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    named = {"service.instance.id": controller} if controller else {}
    resource = Resource.create({"service.name": SERVICE, "service.version": __version__, **named})
    scope = InstrumentationScope("acd.calls", __version__)
    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + PATH, timeout=LIMIT_S)

    def context(call: CallRecord, span_id: int) -> SpanContext:
        return SpanContext(trace_id(call.call_id), span_id, False, TraceFlags(TraceFlags.SAMPLED))

    def readable(call: CallRecord, span: Span) -> ReadableSpan:
        return ReadableSpan(
            name=span.name,
            context=context(call, span.id),
            parent=None if span.parent is None else context(call, span.parent),
            resource=resource,
            attributes=span.attributes,
            kind=SpanKind.SERVER if span.parent is None else SpanKind.INTERNAL,
            start_time=round(span.started_at * 1e9),
            end_time=round(span.ended_at * 1e9),
            instrumentation_scope=scope,
        )

    def export(calls: Sequence[CallRecord]) -> bool:
        found = [readable(call, span) for call in calls for span in spans_of(call, numbers=numbers)]
        return exporter.export(found) is SpanExportResult.SUCCESS

    return CallTraces(export, exporter.shutdown)
