"""One warehouse for all of the spec: every case is a project, landed in random splits and built after each."""

from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

import pytest

from event_lens.warehouse.connection import Warehouse
from tests.spec.build import Build
from tests.spec.cases import CASES
from tests.spec.landing import Landing, Touched, land, land_settings, rows_of
from tests.spec.random_history import random_project
from tests.spec.reference.rollups import Answer
from tests.spec.reference.sessions import History, history
from tests.spec.rows import Project
from tests.spec.tables import QUESTIONS, modelled

SPLITS = 2
RANDOM_PROJECTS = 8


@dataclass
class Spec:
    """Projects by the name of their case, and what every public table held after each way of building it."""

    projects: dict[str, Project]
    build: Build
    histories: dict[str, History] = field(default_factory=dict)
    incremental: dict[tuple[str, str], Answer] = field(default_factory=dict)
    repeated: dict[tuple[str, str], Answer] = field(default_factory=dict)
    refreshed: dict[tuple[str, str], Answer] = field(default_factory=dict)

    def read(self, url: str) -> dict[tuple[str, str], Answer]:
        with Warehouse(url) as warehouse:
            project_ids = [project.project_id for project in self.projects.values()]
            held = {table: modelled(warehouse, table, project_ids) for table in QUESTIONS}
        return {
            (table, name): sorted(held[table][project.project_id], key=repr)
            for table in QUESTIONS
            for name, project in self.projects.items()
        }


@pytest.fixture(scope="session")
def spec(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Spec:
    """The spec, built incrementally in splits, the last build again, then by a full refresh."""
    run = uuid4().hex[:8]
    projects = {name: Project(f"spec-{run}-{name}", **case.settings) for name, case in CASES.items()}
    for name, case in CASES.items():
        case.send(projects[name])
    projects |= {f"random_{seed}": random_project(f"spec-{run}-random-{seed}", seed) for seed in range(RANDOM_PROJECTS)}
    build = Build(warehouse_url, tmp_path_factory.mktemp("dbt"))
    spec = Spec(projects, build)
    touched, landed = Touched(), list[Landing]()
    with Warehouse(warehouse_url) as warehouse:
        land_settings(warehouse, projects.values())
        for batch in _splits(projects):
            touched = land(warehouse, batch, landed)
            landed += batch
            build.touched(touched)
    spec.histories = {name: history(project) for name, project in projects.items()}
    spec.incremental = spec.read(warehouse_url)
    build.touched(touched)
    spec.repeated = spec.read(warehouse_url)
    build.everything()
    spec.refreshed = spec.read(warehouse_url)
    return spec


def _splits(projects: dict[str, Project]) -> list[list[Landing]]:
    """Everything in random order in `SPLITS` parts; only the case `emptied` lands in order, first and last."""
    landings = rows_of(project for name, project in projects.items() if name != "emptied")
    Random(7).shuffle(landings)
    parts = [landings[part::SPLITS] for part in range(SPLITS)]
    first, last = rows_of([projects["emptied"]])
    parts[0].append(first)
    parts[-1].append(last)
    return parts
