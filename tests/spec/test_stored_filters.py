"""Filters of stored definitions take the same events as the same filters in a question."""

import json
from collections.abc import Iterator
from itertools import islice, product
from uuid import uuid4

import pytest

from event_lens.contract.columns import EVENT_COLUMNS, PROFILE_COLUMNS
from event_lens.contract.filters import OPERATORS, RawFilter, resolve_filters
from event_lens.errors import Refused
from event_lens.warehouse.client import Warehouse
from query.filters import condition
from query.statement import Bindings
from tests.spec.build import Build
from tests.spec.landing import land, land_settings, rows_of
from tests.spec.rows import Project, Row
from tests.unit.query.sample_projects import HOSTILE

TEXTS = ["", "pro", "PRO", "p", "/a", "20.5", "20", "-1e3", "nan", "true", "{}", "'", "\\", "'||'", "é漢🎈", HOSTILE]
NAMES = [
    "name",
    "path",
    "groups",
    "revenue",
    "screen_width",
    "is_identified",
    "is_screen_view",
    "utm_source",
    "properties.plan",
    "properties.n",
    "properties.deep.er",
    "properties.never sent",
    f"properties.{HOSTILE.replace('.', '')}",
]
PATTERNS = ["^p", "a$|^$", "[0-9]+", "\\\\", "\\."]

# For each definition, the events of a project that its stored filters fit.
JUDGED = """
{{% set definitions = "lens_raw.goal_definitions final where project_id = '{project}'" %}}
{{% set fields = named_fields('event', "select arrayJoin(" ~ names_in_filters('filters') ~ ") from " ~ definitions) %}}
select goal_id, groupArray(toString(event_id)) as event_ids
from (select goal_id, {{{{ parsed_filters('filters', fields) }}}} as parsed from {{{{ definitions }}}}) as goals
cross join (
    select event_id, {{{{ field_texts(fields) }}}} as texts from lens.events where project_id = '{project}'
) as events
where {{{{ fits_filters('parsed', 'texts') }}}}
group by goal_id
"""


def written_filters() -> Iterator[list[Row]]:
    """Every column with every operator that it takes, and with texts that mean something in SQL, JSON or patterns."""
    for name, operator in product(NAMES, OPERATORS):
        texts = [[text] for text in (PATTERNS if operator == "regex" else TEXTS)]
        for values in [[], *texts, ["20", "-0.0", "5e-1"], ["pro", "true"]]:
            one = {"name": name, "operator": operator, "value": values}
            if is_accepted(one):
                yield [one]
    yield [{"name": "name", "operator": "is", "value": ["a"]}, {"name": "path", "operator": "isNot", "value": ["/a"]}]


def is_accepted(one: Row) -> bool:
    try:
        resolve_filters([RawFilter(**one)], EVENT_COLUMNS, "event", most=50, most_values=1000)
    except Refused:
        return False
    return True


def batched(filters: Iterator[list[Row]], size: int) -> Iterator[list[list[Row]]]:
    while several := list(islice(filters, size)):
        yield several


@pytest.fixture(scope="module")
def project() -> Project:
    project = Project(f"filters-{uuid4().hex[:8]}")
    hostile = HOSTILE.replace(".", "")
    for number, text in enumerate(TEXTS):
        at = f"2026-02-02 10:{number:02}"
        properties = {"plan": text, "n": number - 3, "deep": {"er": text == "pro"}, hostile: text or 20.5}
        project.event(at, "a", "d1", path=text, utm_source=text, properties=properties, groups=[text, "pro"])
        project.event(at, "b", "d2", profile_id="ann", revenue=("20", "20.5", "-0.5")[number % 3], groups=[text])
        project.view(at, "/a", "d3", screen_width=20 * (number % 3), properties={"n": ["20.5", 20.5, None][number % 3]})
    return project


@pytest.fixture(scope="module")
def build(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory, project: Project) -> Build:
    build = Build(warehouse_url, tmp_path_factory.mktemp("filters-dbt"))
    with Warehouse(warehouse_url) as warehouse:
        land_settings(warehouse, [project])
        touched = land(warehouse, rows_of([project]), [])
    build.run("--select", "+events", "--exclude-resource-types", "test", values=touched.as_vars())
    return build


def test_stored_filters_take_the_events_that_the_same_question_takes(
    warehouse: Warehouse, build: Build, project: Project
) -> None:
    asked: dict[str, set[str]] = {}
    stored: list[Row] = []
    common = {"project_id": project.project_id, "copied_at": "2026-06-01 00:00:00"}
    for several in batched(written_filters(), 60):
        bindings, chosen = Bindings(), list[str]()
        for filters in several:
            means = resolve_filters(
                [RawFilter(**each) for each in filters], EVENT_COLUMNS, "event", most=50, most_values=1000
            )
            goal_id = str(len(stored))
            stored.append(
                common | {"goal_id": goal_id, "filters": json.dumps(filters, ensure_ascii=len(stored) % 2 == 0)}
            )
            conditions = " AND ".join(condition(each, bindings) for each in means)
            chosen.append(f"groupArrayIf(toString(event_id), {conditions}) AS `{goal_id}`")
        rows = f"project_id = {bindings.bind(project.project_id, 'String')}"
        question = bindings.statement(f"SELECT {', '.join(chosen)} FROM lens.events WHERE {rows}")
        asked |= {
            goal_id: set(found) for goal_id, found in warehouse.rows(question.sql, question.parameters)[0].items()
        }
    body = "\n".join(json.dumps(row) for row in stored).encode()
    warehouse.insert_lines("lens_raw.goal_definitions", body, token=project.project_id)

    judged = warehouse.rows(build.compiled(JUDGED.format(project=project.project_id)))

    found = {row["goal_id"]: set(row["event_ids"]) for row in judged}
    differing = [row["filters"] for row in stored if found.get(row["goal_id"], set()) != asked[row["goal_id"]]]
    assert differing == []
    assert len({frozenset(events) for events in asked.values()}) > 100, "The filters have to tell events apart."


@pytest.mark.parametrize("owner", ["event", "profile"])
def test_the_columns_of_stored_filters_are_those_that_the_registry_accepts(build: Build, owner: str) -> None:
    kinds = json.loads(build.compiled(f"{{{{ tojson(filterable_columns('{owner}')) }}}}"))
    columns = EVENT_COLUMNS if owner == "event" else PROFILE_COLUMNS
    assert kinds == {name: column.kind for name, column in columns.items()}
