"""One sender cannot make a build cost the square of what it sent. Each history would, were the models less careful."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest

from event_lens.warehouse.client import Warehouse
from tests.collisions import texts_of_one_crc
from tests.reference.comparison import compare
from tests.reference.recomputed import recompute
from tests.spec.build import Build
from tests.spec.landing import land, land_settings, rows_of
from tests.spec.rows import Project, moment

# An eighth of the memory that a statement of a build may take.
MEMORY = "500000000"
START = moment("2026-02-02 10:00")
MANY = 3_000
ORDERS = ("ordered", "strict", "any")


def goal(project: Project, event_name: str = "order") -> None:
    project.definitions["goal"] = [{"goal_id": "g", "name": "g", "event_name": event_name, "filters": "[]"}]


def properties_by_the_thousand(project: Project) -> None:
    for number in range(5):
        properties = {f"k{number}_{key}": {"deep": {"er": key}} for key in range(1000)}
        project.operation(START + number, "identify", "ann", properties=properties)
    project.operation(START + 10, "identify", "ann", properties={"k0_0": "last", "k1_0.deep": "last"})


def conversions_in_sessions_of_their_own(project: Project) -> None:
    goal(project)
    for number in range(MANY):
        project.event(START + number * 10, "order", client_session_id=f"s{number}", utm_source=f"u{number % 300}")


def a_conversion_after_202_sessions(project: Project) -> None:
    goal(project)
    for number in range(202):
        project.view(START + number, client_session_id=f"s{number}", utm_source=f"u{number:03}")
    project.event(START + 1000, "order", client_session_id="s201", utm_source="u201")


def events_for_ten_like_steps(project: Project) -> None:
    """By one device all at once, by others ten and two at once, by one each at a time of its own, by one too few."""
    like = {"name": "f", "step_names": ["tap"] * 10, "window_seconds": 3600}
    project.definitions["funnel"] = [like | {"funnel_id": each, "step_order": each} for each in ORDERS]
    for device, at_once in (("all", MANY), ("ten", 10), ("two", 2), ("one", 1)):
        for number in range(MANY):
            project.event(START + number // at_once, "tap", device)
    for _ in range(9):
        project.event(START, "tap", "few")


HISTORIES = (
    properties_by_the_thousand,
    conversions_in_sessions_of_their_own,
    a_conversion_after_202_sessions,
    events_for_ten_like_steps,
)


@dataclass(frozen=True)
class Built:
    """The histories, each in a project of its name, after a build with little memory."""

    warehouse: Warehouse
    ids: dict[str, str]
    build: Build

    def rows(self, history: Callable[[Project], None], question: str) -> list[tuple[Any, ...]]:
        """Rows of `lens` about the project of `history`."""
        found = self.warehouse.rows(question, {"project": self.ids[history.__name__]})
        return [tuple(row.values()) for row in found]

    def differences(self, history: Callable[[Project], None], table: str) -> dict[str, list[str]]:
        """What `table` has otherwise than the reference."""
        ids = [self.ids[history.__name__]]
        with recompute(self.warehouse, ids) as reference:
            return compare(self.warehouse, reference, table, ids).differences


@pytest.fixture(scope="module")
def built(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    projects = [Project(f"sender-{uuid4().hex[:8]}") for _ in HISTORIES]
    for history, project in zip(HISTORIES, projects, strict=True):
        history(project)
    build = Build(warehouse_url, tmp_path_factory.mktemp("dbt"))
    with Warehouse(warehouse_url) as warehouse, patch.dict(os.environ, {"EVENTLENS_DBT_MEMORY": MEMORY}):
        land_settings(warehouse, projects)
        values = land(warehouse, rows_of(projects), []).as_vars()
        models = ("+profiles", "+attribution", "+funnels_daily")
        build.run("--select", *models, "--exclude-resource-types", "test", values=values)
        ids = {history.__name__: project.project_id for history, project in zip(HISTORIES, projects, strict=True)}
        yield Built(warehouse, ids, build)


def test_a_profile_has_the_thousands_of_properties_that_it_was_sent(built: Built) -> None:
    question = "select toJSONString(properties) from lens.profiles where project_id = {project:String}"
    found = json.loads(built.rows(properties_by_the_thousand, question)[0][0])
    sent = {f"k{number}_{key}": {"deep": {"er": key}} for number in range(5) for key in range(1000)}
    assert found == sent | {"k0_0": "last", "k1_0": {"deep": "last"}}


def test_of_more_properties_than_a_profile_may_have_the_last_changed_are_kept(built: Built) -> None:
    built.build.run(
        "--select",
        "fqn:event_lens.profiles.profiles",
        "--exclude-resource-types",
        "test",
        values={"profile_properties": 1003},
    )
    question = "select toJSONString(properties) from lens.profiles where project_id = {project:String}"
    found = json.loads(built.rows(properties_by_the_thousand, question)[0][0])
    last = {f"k4_{key}": {"deep": {"er": key}} for key in range(1000)}
    assert found == last | {"k0_0": "last", "k1_0": {"deep": "last"}, "k3_0": {"deep": {"er": 0}}}


def test_thousands_of_conversions_in_sessions_of_their_own_equal_the_reference(built: Built) -> None:
    assert built.differences(conversions_in_sessions_of_their_own, "attribution") == {}
    question = """select countIf(touches = 0), uniqExact(conversion_id), round(sum(credit), 3), max(touches)
        from lens.attribution where project_id = {project:String} and model = 'linear'"""
    found = built.rows(conversions_in_sessions_of_their_own, question)
    assert found == [(MANY - 200, MANY, MANY, 1)], "The first 200 of the day are shared out, the others unassigned."


def test_a_conversion_is_shared_out_by_the_last_200_sessions_before_it(built: Built) -> None:
    assert built.differences(a_conversion_after_202_sessions, "attribution") == {}
    question = """select min(utm_source), max(utm_source), count() from lens.attribution
        where project_id = {project:String} and model = 'first'"""
    assert built.rows(a_conversion_after_202_sessions, question) == [("u002", "u201", 200)]


@pytest.mark.parametrize("order", ORDERS)
def test_thousands_of_events_are_counted_by_a_funnel_of_ten_like_steps(built: Built, order: str) -> None:
    question = f"""select step, entered, reached from lens.funnels_daily
        where project_id = {{project:String}} and funnel_id = '{order}' order by step"""
    expected = [(step, 5, 4 if step == 10 else 5) for step in range(1, 11)]
    assert built.rows(events_for_ten_like_steps, question) == expected


def test_texts_with_the_same_crc_are_grouped_quickly(built: Built) -> None:
    """Without the key that nobody can foresee they take much longer than the seconds that they may take here."""
    lines = "\n".join(json.dumps({"text": text}) for text in texts_of_one_crc(24_000)).encode()
    built.warehouse.command("CREATE TABLE default.crc (text String) ENGINE = MergeTree ORDER BY ()")
    built.warehouse.insert_lines("default.crc", lines, token=uuid4().hex)
    grouped = "select count() as n from (select count() from default.crc group by text, {{ unguessable('text') }})"
    distinct = "select length({{ distinct_texts('text') }}) as n from default.crc"
    limits = {"optimize_group_by_function_keys": 0, "max_execution_time": 3}
    for question in (grouped, distinct):
        assert built.warehouse.rows(built.build.compiled(question), settings=limits) == [{"n": 24_000}]
    built.warehouse.command("DROP TABLE default.crc")
