"""Spans of OpenTelemetry's SDK, sent by OTLP over HTTP. Imported only where traces are wanted."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from event_lens import __version__
from event_lens.errors import EventLensError

FLUSH_WITHIN_MS = 2_000
SEND_WITHIN_SECONDS = 2
MAX_LINKS = 128

Value = str | int


def connect(endpoint: str, service: str, share: float) -> "OtlpTracer":
    """Return a tracer that sends to `endpoint`. No error is logged when the endpoint does not answer."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=SEND_WITHIN_SECONDS)
    return OtlpTracer(BatchSpanProcessor(exporter), service, share)


class OtlpTracer:
    """Traces the fraction `share` of all requests, and every batch and build."""

    def __init__(self, processor: SpanProcessor, service: str, share: float) -> None:
        resource = Resource.create(
            {"service.namespace": "event-lens", "service.name": service, "service.version": __version__}
        )
        self._provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(share)), resource=resource)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("event_lens")

    @contextmanager
    def request(self, name: str, traceparent: str) -> Iterator["OtlpSpan"]:
        # A link, not a parent: the sender's trace context is untrusted and must not decide what is traced.
        sender = trace.get_current_span(
            TraceContextTextMapPropagator().extract({"traceparent": traceparent}, Context())
        )
        links = [trace.Link(sender.get_span_context())] if sender.get_span_context().is_valid else []
        with self._span(name, Context(), SpanKind.SERVER, links) as span:
            yield span

    @contextmanager
    def within(self, name: str) -> Iterator["OtlpSpan"]:
        with self._span(name, None, SpanKind.INTERNAL) as span:
            yield span

    @contextmanager
    def batch(self, name: str, batch_id: str) -> Iterator["OtlpSpan"]:
        parent = trace.set_span_in_context(NonRecordingSpan(context_of(batch_id)), Context())
        with self._span(name, parent, SpanKind.CONSUMER) as span:
            yield span

    def past(self, name: str, started_at_seconds: float, batch_ids: Iterable[str], notes: Mapping[str, Value]) -> None:
        links = [trace.Link(context_of(batch_id)) for batch_id in list(batch_ids)[:MAX_LINKS]]
        # Builds are rare, so every one is traced.
        always = trace.set_span_in_context(NonRecordingSpan(context_of(f"{name} {started_at_seconds}")), Context())
        started = round(started_at_seconds * 1e9)
        self._tracer.start_span(name, always, links=links, attributes=dict(notes), start_time=started).end()

    def flush(self) -> None:
        self._provider.force_flush(FLUSH_WITHIN_MS)

    @contextmanager
    def _span(
        self, name: str, parent: Context | None, kind: SpanKind, links: Sequence[trace.Link] = ()
    ) -> Iterator["OtlpSpan"]:
        # An exception's message may quote sent data, so it is not recorded.
        with self._tracer.start_as_current_span(
            name, parent, kind, links=links, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield OtlpSpan(span)
            except BaseException as error:
                code = error.code if isinstance(error, EventLensError) else type(error).__name__
                span.set_status(Status(StatusCode.ERROR, code))
                raise


class OtlpSpan:
    """A span under way."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, value)

    def link(self, batch_id: str) -> None:
        self._span.add_link(context_of(batch_id))


def context_of(batch_id: str) -> SpanContext:
    """Return the context of the root span of a batch's trace. The root span itself is never sent."""
    digest = blake2b(batch_id.encode(), digest_size=24).digest()
    trace_id, span_id = int.from_bytes(digest[:16]), int.from_bytes(digest[16:])
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
