"""The collector passes the pairs that SDK authors test against, up to the rows in the warehouse."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from event_lens.warehouse.client import Warehouse
from tests.sdks.cases import FOLDER, Comparison, all_cases, filled, send
from tests.sdks.conftest import BASE_PATH
from tests.sdks.site import HOST, Site
from tests.unit.collector.conftest import CollectorProcess

CASES = all_cases()
TABLES = ("events", "profile_operations", "quarantine")


class Sent(NamedTuple):
    """A case as it was sent to a project of its own, and what was answered."""

    site: Site
    case: dict[str, Any]
    answers: list[httpx.Response]


@pytest.fixture(scope="module")
def warehouse_of_all(warehouse_url: str) -> Iterator[Warehouse]:
    with Warehouse(warehouse_url) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def sent(collector: CollectorProcess, warehouse_of_all: Warehouse) -> dict[str, Sent]:
    """All cases, sent one after the other and landed together."""
    found = {}
    with httpx.Client(base_url=collector.url) as client:
        client.headers.clear()
        for template in CASES:
            # The cases have fixed times, which become older than a project accepts without a secret.
            site = Site(collector, warehouse_of_all, accept_days=0)
            placeholders = {
                "clientId": site.client_id,
                "clientSecret": site.secret,
                "readerId": site.reader_id,
                "readerSecret": site.reader_secret,
                "origin": f"https://{HOST}",
                "basePath": BASE_PATH,
            }
            case = filled(template, placeholders)
            answers = [send(client, exchange["request"]) for exchange in case["exchanges"]]
            found[case["name"]] = Sent(site, case, answers)
    collector.wait_until_landed()
    return found


def rows_of(warehouse: Warehouse, site: Site, table: str) -> list[dict[str, Any]]:
    pieces = warehouse.stream(
        f"SELECT * FROM lens_raw.{table} WHERE project_id = {{project:String}} "
        "ORDER BY received_at, batch_id, batch_row",
        "JSONEachRow",
        {"project": site.project_id},
    )
    return [json.loads(line) for line in b"".join(pieces).splitlines()]


@pytest.mark.parametrize("name", [case["name"] for case in CASES])
def test_the_collector_answers_and_keeps_what_the_case_says(
    name: str, sent: dict[str, Sent], warehouse_of_all: Warehouse
) -> None:
    site, case, answers = sent[name]
    comparison = Comparison()
    for number, (exchange, answer) in enumerate(zip(case["exchanges"], answers, strict=True)):
        response = exchange["response"]
        assert answer.status_code == response["status"], f"[{number}] {answer.text}"
        comparison.check(response.get("headers", {}), dict(answer.headers), f"[{number}].headers", is_part=True)
        if "json" in response:
            comparison.check(response["json"], answer.json(), f"[{number}].json")
    for table in TABLES:
        expected = case.get("rows", {}).get(table, [])
        comparison.check(expected, rows_of(warehouse_of_all, site, table), table, is_part=True)


def test_the_cases_have_names_of_their_own_and_only_known_parts() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) > 60
    for case in CASES:
        assert case.keys() <= {"name", "exchanges", "rows"}
        assert case.get("rows", {}).keys() <= set(TABLES)
        for exchange in case["exchanges"]:
            assert exchange.keys() == {"request", "response"}
            assert exchange["request"].keys() <= {"method", "path", "headers", "json", "text", "gzip", "spaces"}
            assert exchange["response"].keys() <= {"status", "headers", "json"}


def test_the_readme_names_every_file_matcher_and_placeholder() -> None:
    readme = (FOLDER / "README.md").read_text()
    for path in FOLDER.glob("*.json"):
        assert f"`{path.name}`" in readme
    for word in (
        "<any>",
        "<text>",
        "<number>",
        "<same:name>",
        "{clientId}",
        "{readerSecret}",
        "{origin}",
        "{basePath}",
    ):
        assert f"`{word}`" in readme
