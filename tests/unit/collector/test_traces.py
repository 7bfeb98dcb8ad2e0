"""Traces of a real collector, received by OTLP over HTTP: from a request to the landing of its batch."""

from collections.abc import Callable, Iterator

import pytest

from event_lens.processes import stop
from tests.otlp import Receiver, receiving
from tests.unit.collector.conftest import CollectorProcess

SENDERS_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_a_request_links_to_the_trace_in_which_its_batch_lands(
    start_collector: Callable[..., CollectorProcess], warehouse_url: str, receiver: Receiver
) -> None:
    traced = {"EVENTLENS_OTLP_ENDPOINT": receiver.url, "EVENTLENS_TRACE_SHARE": "1"}
    collector = start_collector(warehouse_url, **traced)
    headers = {
        "traceparent": f"00-{SENDERS_TRACE}-00f067aa0ba902b7-01",
        "x-forwarded-for": "203.0.113.77",
        "user-agent": "a browser of ana",
    }
    body = b'{"type":"track","payload":{"name":"bought","properties":{"note":"a secret of ana"}}}'
    assert collector.post("/track", body, collector.headers | headers).status_code == 200
    collector.wait_until_landed()
    stop(collector.process)
    spans = receiver.spans()
    [request] = [span for span in spans if span.links and span.links[0].trace_id.hex() == SENDERS_TRACE]
    assert request.trace_id.hex() != SENDERS_TRACE
    noted = {each.key: each.value.string_value or each.value.int_value for each in request.attributes}
    assert noted == {"http.route": "/track", "http.response.status_code": 200}
    [spooled] = [span for span in spans if span.parent_span_id == request.span_id]
    assert spooled.name == "spool"
    [landed] = [span for span in spans if span.name == "land"]
    assert [link.trace_id for link in spooled.links] == [landed.trace_id]
    sent = b"".join(receiver.bodies)
    for never in (b"ana", b"203.0.113.77", collector.secret.encode(), b"bought"):
        assert never not in sent


def test_an_unreachable_receiver_delays_nothing(
    start_collector: Callable[..., CollectorProcess], warehouse_url: str, receiver: Receiver
) -> None:
    receiver.server.shutdown()
    receiver.server.server_close()
    collector = start_collector(warehouse_url, EVENTLENS_OTLP_ENDPOINT=receiver.url, EVENTLENS_TRACE_SHARE="1")
    assert collector.track("bought").status_code == 200
    collector.wait_until_landed()
    stop(collector.process)
    assert collector.process.returncode == 0
    assert "opentelemetry" not in collector.log.read_text().lower()
