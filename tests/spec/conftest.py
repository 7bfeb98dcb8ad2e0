"""One warehouse for all of the spec: every case is a project, landed in random splits and built after each.

Beside the cases lies a made-up history with many events (`make reference`: a million). Both are built at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

import duckdb
import pytest

from event_lens.warehouse.client import Warehouse
from tests.reference.comparison import Comparison, compare
from tests.reference.history import PARTS, History, make_history
from tests.reference.keys import KEYS
from tests.reference.merging import SOURCES, wrongly_merged
from tests.reference.narrow import wrongly_narrowed
from tests.reference.recomputed import recompute
from tests.reference.shrinking import shrink
from tests.reference.small_history import draw_histories, renamed
from tests.spec.build import Build
from tests.spec.cases import CASES
from tests.spec.landing import Landing, Touched, land, land_settings, mark_built, rows_of
from tests.spec.random_history import random_project
from tests.spec.rows import Project
from tests.spec.waiting import count_rows

VISITS = 5_000
RANDOM_PROJECTS = 2
SMALL_PROJECTS = 200
FOLLOWED = 2
STAGES = ("incremental", "repeated", "refreshed")


@dataclass
class Spec:
    """Projects by the name of their case, and what every public table differed in after each way of building it."""

    projects: dict[str, Project]
    made_up: History
    url: str
    build: Build
    compared: dict[tuple[str, str], Comparison] = field(default_factory=dict)
    made_up_compared: dict[tuple[str, str], Comparison] = field(default_factory=dict)
    wrongly_merged: dict[str, list[str]] = field(default_factory=dict)
    counted_live: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    counted_built: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    wrongly_narrowed: dict[str, list[str]] = field(default_factory=dict)
    told: str = ""

    @property
    def project_ids(self) -> list[str]:
        return [project.project_id for project in self.projects.values()]

    def compare(
        self, stage: str, reference: duckdb.DuckDBPyConnection, made_up_reference: duckdb.DuckDBPyConnection
    ) -> None:
        """Hold every table against the references, that of the cases and that of the made-up history."""
        with Warehouse(self.url) as warehouse:
            for table in KEYS:
                self.compared[stage, table] = compare(warehouse, reference, table, self.project_ids)
                self.made_up_compared[stage, table] = compare(
                    warehouse, made_up_reference, table, self.made_up.project_ids
                )
            self.wrongly_merged[stage] = [
                line
                for source, ids in ((reference, self.project_ids), (made_up_reference, self.made_up.project_ids))
                for table in SOURCES
                for line in wrongly_merged(warehouse, source, table, ids)
            ]
            self.wrongly_narrowed[stage] = wrongly_narrowed(warehouse, reference, self.project_ids)

    def smallest(self, table: str, comparison: Comparison) -> str:
        """The rows of the smallest history found that differs in `table` when it is built at once; found once a run."""
        if self.told:
            return self.told
        differing = [each for each in self.projects.values() if each.project_id in comparison.differences]
        project = min(differing, key=lambda each: len(each.events) + len(each.operations))
        small = shrink(project, lambda candidates: self._differ(table, candidates))
        rows = [*small.events, *small.operations, *small.rejected]
        settings = f"{small.timezone}, {small.currency!r}, {small.session_timeout_seconds} s"
        self.told = "\n".join(
            [f"{table} as small as it could be made ({settings}):", *(f"  {_told(row)}" for row in rows)]
        )
        return self.told

    def _differ(self, table: str, candidates: Sequence[Project]) -> list[bool]:
        run = uuid4().hex[:8]
        projects = [renamed(project, f"smaller-{run}-{number}") for number, project in enumerate(candidates)]
        with Warehouse(self.url) as warehouse:
            land_settings(warehouse, projects)
            self.build.touched(land(warehouse, rows_of(projects), []))
            ids = [project.project_id for project in projects]
            with recompute(warehouse, ids) as reference:
                found = compare(warehouse, reference, table, ids)
        return [project_id in found.differences for project_id in ids]


@pytest.fixture(scope="session")
def spec(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Spec:
    """The spec, built incrementally in splits, the last build again, then by a full refresh."""
    run = uuid4().hex[:8]
    projects = {name: Project(f"spec-{run}-{name}", **case.settings) for name, case in CASES.items()}
    for name, case in CASES.items():
        case.send(projects[name])
    projects |= {f"random_{seed}": random_project(f"spec-{run}-random-{seed}", seed) for seed in range(RANDOM_PROJECTS)}
    for number, history in enumerate(draw_histories(SMALL_PROJECTS)):
        projects[f"small_{number}"] = renamed(history, f"spec-{run}-small-{number}")
    made_up = make_history(
        f"spec-{run}-made-up",
        seed=1,
        visits=VISITS,
        events_a_visit=6,
        devices=VISITS // 4,
        days=30,
        first_day="2025-12-15",
    )
    spec = Spec(projects, made_up, warehouse_url, Build(warehouse_url, tmp_path_factory.mktemp("dbt")))
    touched, landed = Touched(), list[Landing]()
    with Warehouse(warehouse_url) as warehouse:
        land_settings(warehouse, [*projects.values(), *made_up.projects])
        for part, batch in enumerate(_splits(projects)):
            touched = land(warehouse, batch, landed) | made_up.land(warehouse, part)
            if landed:
                spec.counted_live = count_rows(warehouse, _followed(projects), is_live=True)
            landed += batch
            spec.build.touched(touched)
            mark_built(warehouse, projects.values())
        spec.counted_built = count_rows(warehouse, _followed(projects), is_live=False)
        references = recompute(warehouse, spec.project_ids), recompute(warehouse, made_up.project_ids)
    with references[0], references[1]:
        spec.compare("incremental", *references)
        spec.build.touched(touched)
        spec.compare("repeated", *references)
        spec.build.everything()
        spec.compare("refreshed", *references)
    return spec


def _followed(projects: dict[str, Project]) -> list[str]:
    """The projects of which is looked at what they are while a part of them waits for its build."""
    numbers = [
        *(f"random_{number}" for number in range(RANDOM_PROJECTS)),
        *(f"small_{number}" for number in range(FOLLOWED)),
    ]
    return [projects[name].project_id for name in numbers]


def _splits(projects: dict[str, Project]) -> list[list[Landing]]:
    """Everything in random order in `PARTS` parts; the last rows of the cases that say so come last."""
    ordered = {name for name, case in CASES.items() if case.last_lands_last}
    landings = rows_of(project for name, project in projects.items() if name not in ordered)
    Random(7).shuffle(landings)
    parts = [landings[part::PARTS] for part in range(PARTS)]
    for name in ordered:
        *before, last = rows_of([projects[name]])
        parts[0] += before
        parts[-1].append(last)
    return parts


def _told(row: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value or name == "created_at")
