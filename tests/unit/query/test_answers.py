"""Every answer is as its report declares it, and the examples that OpenAPI shows are answers that were given."""

import json
import os
import re
from collections.abc import Callable
from typing import Any

import httpx
import jsonschema
import pytest

from docs.generate.examples import WRITE
from docs.generate.reports import EXAMPLES, reports_page
from event_lens.errors import Broken
from query.report import Report
from query.reports import REPORTS
from tests.unit.query.examples import request
from tests.unit.query.sample_projects import World

Ask = Callable[..., httpx.Response]
# Fields that differ from run to run.
FIXED = {"cached": False, "elapsedMs": 1.5, "completeThrough": "2026-05-07T10:00:00.000Z"}


def answer_example(ask: Ask, report: Report[Any]) -> Any:
    address, body, written = request(report.name)
    response = ask("shop", address, body, **written)
    assert response.status_code == 200, response.text
    return response.json()


def fixed(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"meta": answer["meta"] | FIXED}


@pytest.fixture(scope="module")
def answers(ask: Ask) -> dict[str, Any]:
    return {name: answer_example(ask, report) for name, report in REPORTS.items()}


@pytest.fixture(scope="module")
def paths(world: World) -> dict[str, Any]:
    described: dict[str, Any] = httpx.get(f"{world.url}/schema").json()["paths"]
    return described


@pytest.mark.parametrize("report", REPORTS.values(), ids=lambda report: report.name)
def test_an_answer_is_as_openapi_describes_it(
    report: Report[Any], answers: dict[str, Any], paths: dict[str, Any]
) -> None:
    described = paths[f"/insights/{{project_id}}/{report.name}"]["post" if report.has_body else "get"]
    content = described["responses"]["200"]["content"]["application/json"]
    jsonschema.validate(answers[report.name], content["schema"], format_checker=jsonschema.FormatChecker())
    assert content["examples"]["executed"]["value"] == fixed(answers[report.name])


def test_an_answer_with_more_or_less_than_its_shape_is_not_given() -> None:
    report = REPORTS["live"]
    meta = {"completeThrough": None, "timezone": "UTC", "currency": "", "table": "x", "cached": False, "elapsedMs": 1.0}
    report.typed({"data": {"visitors": 1, "pages": []}, "meta": meta})
    unlike: list[Any] = [{"visitors": 1, "pages": [], "more": 1}, {"pages": []}, {"visitors": "1", "pages": []}]
    for data in unlike:
        with pytest.raises(Broken, match="The answer of live is not as declared"):
            report.typed({"data": data, "meta": meta})


def test_examples_are_answers_that_were_given(answers: dict[str, Any]) -> None:
    given = {name: fixed(answer) for name, answer in answers.items()}
    text = json.dumps(given, indent=1, ensure_ascii=False) + "\n"
    if WRITE in os.environ:
        EXAMPLES.write_text(text)
    assert text == EXAMPLES.read_text(), "write them again: python -m docs.generate.examples"


def test_the_addresses_of_the_examples_in_the_docs_are_answered_as_they_are_written(world: World) -> None:
    written = re.findall(r"^GET (\S+)$", reports_page(), re.MULTILINE)
    assert "groups/buyers%2F1" in written
    project = f"{world.url}/insights/{world.projects['shop'].project_id}"
    refused = {
        asked for asked in written if httpx.get(f"{project}/{asked}", headers=world.keys["shop"]).status_code != 200
    }
    assert refused == set()


def test_errors_are_as_openapi_describes_them(world: World, ask: Ask, paths: dict[str, Any]) -> None:
    responses = paths["/insights/{project_id}/metrics"]["get"]["responses"]
    for refused in (ask("plain", "metrics", range="x"), ask("plain", "metrics", headers={})):
        described = responses[str(refused.status_code)]["content"]["application/json"]["schema"]
        jsonschema.validate(refused.json(), described)
