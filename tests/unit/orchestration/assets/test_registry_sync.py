"""Definitions reach the warehouse when a build starts, leave it when they are removed, and touch the project's days."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jinja2
import msgspec
import pytest

from event_lens.contract.columns import EVENT_COLUMNS, PROFILE_COLUMNS, Column
from event_lens.contract.filters import RawFilter
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.definitions.cohorts import Criterion, create_cohort, remove_cohort
from event_lens.registry.definitions.funnels import Step, create_funnel, remove_funnel
from event_lens.registry.definitions.goals import create_goal, remove_goal
from event_lens.registry.definitions.retentions import create_retention, remove_retention
from event_lens.registry.projects import create_project
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.client import Warehouse
from orchestration.assets.definition_rows import DEFINED
from orchestration.assets.registry_sync import copy_registry, registry_fingerprint
from orchestration.dbt import ROOT
from orchestration.planning.plan import SETTINGS

PRO = RawFilter("properties.plan", "is", ["pro"])
WRITTEN_PRO = '[{"name":"properties.plan","operator":"is","value":["pro"]}]'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"EVENTLENS_HOME": str(tmp_path / "home")})


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    opened = open_registry(settings)
    yield opened
    opened.close()


@pytest.fixture
def project(registry: Registry) -> str:
    return create_project(registry, "copied").project_id


def copied(warehouse: Warehouse, table: str, project: str) -> list[dict[str, Any]]:
    key = DEFINED[table]
    return warehouse.rows(
        f"SELECT * EXCEPT (copied_at) FROM lens_raw.{table} FINAL WHERE project_id = {{p:String}} ORDER BY {key}",
        {"p": project},
    )


def settings_hash(warehouse: Warehouse, project: str) -> int:
    rows = warehouse.rows(f"SELECT * FROM ({SETTINGS}) WHERE project_id = {{p:String}}", {"p": project})
    return int(rows[0]["settings_hash"])


def test_every_part_of_a_definition_is_copied(
    warehouse: Warehouse, settings: Settings, registry: Registry, project: str
) -> None:
    funnel = create_funnel(
        registry, project, "f", (Step("a", [PRO]), "b"), window_seconds=60, counted_by="profile", step_order="any",
        breakdown="country",
    )  # fmt: skip
    retention = create_retention(registry, project, "r", start_event="a", return_event="b")
    cohort = create_cohort(registry, project, "c", (Criterion(event="a"), Criterion(profile=[PRO])), match="any")
    goal = create_goal(registry, project, "g", "purchase", (PRO,))
    counts = copy_registry(settings, warehouse)
    assert [counts[f"lens_raw.{table}"] for table in DEFINED] == [1, 1, 1, 1]
    common = {"project_id": project, "is_removed": 0}
    assert copied(warehouse, "funnel_definitions", project) == [
        common
        | {
            "funnel_id": funnel.funnel_id,
            "name": "f",
            "step_names": ["a", "b"],
            "step_filters": [WRITTEN_PRO, "[]"],
            "window_seconds": 60,
            "counted_by": "profile",
            "step_order": "any",
            "breakdown": "country",
        }
    ]
    assert copied(warehouse, "retention_definitions", project) == [
        common | {"retention_id": retention.retention_id, "name": "r", "start_event": "a", "return_event": "b"}
    ]
    written = (
        '[{"event":"a","filters":[],"count":{"operator":"gte","value":1},"within_days":null},'
        f'{{"profile":{WRITTEN_PRO}}}]'
    )
    assert copied(warehouse, "cohort_definitions", project) == [
        common | {"cohort_id": cohort.cohort_id, "name": "c", "criteria": written, "match": "any"}
    ]
    assert copied(warehouse, "goal_definitions", project) == [
        common | {"goal_id": goal.goal_id, "name": "g", "event_name": "purchase", "filters": WRITTEN_PRO}
    ]


KINDS: dict[str, tuple[Callable[[Registry, str], str], Callable[[Registry, str], Any]]] = {
    "funnel_definitions": (lambda r, p: create_funnel(r, p, "x", ("a", "b")).funnel_id, remove_funnel),
    "retention_definitions": (lambda r, p: create_retention(r, p, "x", start_event="a").retention_id, remove_retention),
    "cohort_definitions": (lambda r, p: create_cohort(r, p, "x", (Criterion(event="a"),)).cohort_id, remove_cohort),
    "goal_definitions": (lambda r, p: create_goal(r, p, "x", "a").goal_id, remove_goal),
}


@pytest.mark.parametrize("table", DEFINED)
def test_a_removed_definition_is_gone_with_the_next_copy_and_others_stay(
    warehouse: Warehouse, settings: Settings, registry: Registry, project: str, tmp_path: Path, table: str
) -> None:
    create, remove = KINDS[table]
    elsewhere = read_settings({"EVENTLENS_HOME": str(tmp_path / "elsewhere")})
    other = open_registry(elsewhere)
    foreign = create_project(other, "of another registry").project_id
    create(other, foreign)
    copy_registry(elsewhere, warehouse)
    other.close()
    before = settings_hash_after_copy(warehouse, settings, project)
    kept, removed = create(registry, project), create(registry, project)
    both = settings_hash_after_copy(warehouse, settings, project)
    assert len(copied(warehouse, table, project)) == 2
    remove(registry, removed)
    one = settings_hash_after_copy(warehouse, settings, project)
    assert [row[DEFINED[table]] for row in copied(warehouse, table, project)] == [kept]
    remove(registry, kept)
    assert settings_hash_after_copy(warehouse, settings, project) == before
    assert copied(warehouse, table, project) == []
    assert len({before, both, one}) == 3
    assert len(copied(warehouse, table, foreign)) == 1


def settings_hash_after_copy(warehouse: Warehouse, settings: Settings, project: str) -> int:
    copy_registry(settings, warehouse)
    return settings_hash(warehouse, project)


def test_a_copy_that_changes_nothing_touches_nothing(
    warehouse: Warehouse, settings: Settings, registry: Registry, project: str
) -> None:
    for create, _ in KINDS.values():
        create(registry, project)
    first = settings_hash_after_copy(warehouse, settings, project)
    for create, remove in KINDS.values():
        remove(registry, create(registry, project))
    assert settings_hash_after_copy(warehouse, settings, project) == first


CHANGES: dict[str, list[dict[str, object]]] = {
    "funnel_definitions": [
        {"step_names": ["a", "c"]},
        {"step_filters": ["[]", WRITTEN_PRO]},
        {"window_seconds": 60},
        {"counted_by": "profile"},
        {"step_order": "any"},
        {"breakdown": "country"},
    ],
    "retention_definitions": [{"start_event": "a"}, {"return_event": "a"}],
    "cohort_definitions": [{"name": "n"}, {"criteria": "[]"}, {"match": "any"}],
    "goal_definitions": [{"event_name": "a"}, {"filters": WRITTEN_PRO}],
}


@pytest.mark.parametrize("table", DEFINED)
def test_every_difference_between_two_definitions_touches_the_days(
    warehouse: Warehouse, settings: Settings, project: str, table: str
) -> None:
    hashes = {settings_hash_after_copy(warehouse, settings, project)}
    for second, changed in enumerate([{}, *CHANGES[table]]):
        row = {"project_id": project, DEFINED[table]: "x", "copied_at": f"2026-01-01 00:00:0{second}"} | changed
        warehouse.insert_lines(f"lens_raw.{table}", msgspec.json.encode(row), token=f"{project}-{second}")
        hashes.add(settings_hash(warehouse, project))
    assert len(hashes) == len(CHANGES[table]) + 2


@pytest.mark.parametrize("table", DEFINED)
def test_the_fingerprint_follows_every_kind_of_definition(
    settings: Settings, registry: Registry, project: str, table: str
) -> None:
    create, remove = KINDS[table]
    before = registry_fingerprint(settings)
    made = create(registry, project)
    assert registry_fingerprint(settings) != before
    remove(registry, made)
    assert registry_fingerprint(settings) == before


@pytest.mark.parametrize(("owner", "columns"), [("event", EVENT_COLUMNS), ("profile", PROFILE_COLUMNS)])
def test_models_judge_the_columns_that_definitions_may_name(owner: str, columns: dict[str, Column]) -> None:
    answered: list[dict[str, str]] = []
    jinja = jinja2.Environment(extensions=["jinja2.ext.do"])
    jinja.globals["return"] = lambda value: answered.append(value) or ""  # type: ignore[func-returns-value]
    text = (ROOT / "dbt_project" / "macros" / "columns.sql").read_text()
    jinja.from_string(text + "{{ filterable_columns('" + owner + "') }}").render()
    assert answered == [{name: column.kind for name, column in columns.items()}]
