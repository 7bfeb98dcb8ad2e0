"""Spans as OpenTelemetry's SDK sees them; without the setting nothing of it is imported."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from event_lens.errors import Refused, Unavailable
from event_lens.otlp import OtlpTracer, context_of
from event_lens.settings import read_settings
from event_lens.tracing import Tracing


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.shutdown()


def tracing_to(exporter: InMemorySpanExporter, share: float) -> Tracing:
    tracing = Tracing()
    tracing.use(OtlpTracer(SimpleSpanProcessor(exporter), "test", share))
    return tracing


def test_a_build_links_to_the_batches_it_took_in(exporter: InMemorySpanExporter) -> None:
    tracing = tracing_to(exporter, share=0)
    with tracing.batch("land", "b1") as span:
        span.note("table", "events")
    tracing.past("build", 1_700_000_000.0, ["b1", "b2"], {"days": 3})
    landed, build = exporter.get_finished_spans()
    assert landed.context.trace_id == context_of("b1").trace_id
    assert [link.context.trace_id for link in build.links] == [context_of("b1").trace_id, context_of("b2").trace_id]
    assert build.start_time == 1_700_000_000_000_000_000
    assert build.attributes == {"days": 3}


def test_a_share_of_requests_is_traced_whatever_the_sender_wants(exporter: InMemorySpanExporter) -> None:
    tracing = tracing_to(exporter, share=0)
    headers = [(b"traceparent", f"00-{'0' * 31}1-{'0' * 15}1-01".encode())]
    with tracing.request("HTTP POST", headers), tracing.within("spool") as span:
        span.link("b1")
    assert exporter.get_finished_spans() == ()


def test_a_span_names_an_errors_code_and_not_its_message(exporter: InMemorySpanExporter) -> None:
    tracing = tracing_to(exporter, share=1)
    with pytest.raises(Unavailable), tracing.request("HTTP POST", [(b"traceparent", b"nonsense")]):
        raise Unavailable("a payload of ana", code="spool_full")
    [span] = exporter.get_finished_spans()
    assert span.status.description == "spool_full"
    assert "ana" not in span.to_json()


def test_without_the_setting_opentelemetry_is_not_imported() -> None:
    code = (
        "import sys; from event_lens.settings import read_settings; from event_lens.tracing import tracing;"
        "tracing.set_up(read_settings({}), 'test')\n"
        "with tracing.request('x') as span: span.note('a', 1)\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_missing_packages_are_reported_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "event_lens.otlp", None)
    with pytest.raises(Refused, match=r"pip install '\.\[traces\]'") as refused:
        Tracing().set_up(read_settings({"EVENTLENS_OTLP_ENDPOINT": "http://127.0.0.1:4318"}), "test")
    assert refused.value.code == "traces_missing"
