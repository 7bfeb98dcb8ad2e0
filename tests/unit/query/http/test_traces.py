"""Traces of the query service, received by OTLP over HTTP."""

from collections.abc import Callable
from pathlib import Path

import httpx

from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings
from tests.otlp import receiving
from tests.unit.query.conftest import QueryServer, make_key

SENDERS_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_question_is_a_span_of_its_request_and_holds_nothing_that_was_asked(
    start_query: Callable[..., QueryServer], warehouse_url: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(home)}))
    project = create_project(registry, "traced").project_id
    key = make_key(registry, project)
    registry.close()
    with receiving() as receiver:
        traced = {"EVENTLENS_OTLP_ENDPOINT": receiver.url, "EVENTLENS_TRACE_SHARE": "1"}
        server = start_query(home, warehouse_url, **traced)
        headers = key | {"traceparent": f"00-{SENDERS_TRACE}-00f067aa0ba902b7-01"}
        params = {"range": "7d", "filters": '[{"name":"path","operator":"is","value":["/ana"]}]'}
        asked = httpx.get(f"{server.url}/insights/{project}/metrics", headers=headers, params=params)
        assert asked.status_code == 200
        assert server.stop() == 0
        spans = receiver.spans()
        [request] = [span for span in spans if span.links and span.links[0].trace_id.hex() == SENDERS_TRACE]
        noted = {each.key: each.value.string_value or each.value.int_value for each in request.attributes}
        assert noted == {"http.route": "/insights/{project_id}/metrics", "http.response.status_code": 200}
        [question] = [span for span in spans if span.parent_span_id == request.span_id]
        assert question.name == "question"
        assert {each.key: each.value.string_value for each in question.attributes} == {
            "report": "metrics",
            "project": project,
        }
        assert not [
            body for body in receiver.bodies if b"ana" in body or key["openpanel-client-secret"].encode() in body
        ]
