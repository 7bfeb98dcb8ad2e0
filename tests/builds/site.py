"""Two projects on a warehouse of their own, built by the job that `eventlens build` runs."""

import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from unittest.mock import patch

from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.client import Warehouse
from orchestration.build import build
from tests.conftest import EmbeddedServer
from tests.proxy import fronted
from tests.spec.landing import Landing, land, rows_of
from tests.spec.rows import Project

ROOT = Path(__file__).parents[2]
KILLED_WITHIN_SECONDS = 240
# Runs `eventlens` with the dbt project in the folder that is its first argument.
BUILD_WITH_ROOT = """
import pathlib, sys
import orchestration.dbt
orchestration.dbt.ROOT = pathlib.Path(sys.argv.pop(1))
from cli.main import main
main()
"""
QUIET_FOR_MONTHS = "lens_raw/events: events_landed_in_the_last_day"


class Executioner:
    """Kills a process, and its children, at a statement."""

    def __init__(self) -> None:
        self._victim: subprocess.Popen[bytes] | None = None
        self._at = ""
        self._is_done = False

    def kill(self, victim: subprocess.Popen[bytes], at: str, *, is_done: bool) -> None:
        """Waits until `victim` says a statement that fits the pattern `at`, and kills it there.

        The statement is done all the same when `is_done`: only its answer is lost.
        """
        self._at, self._is_done, self._victim = at, is_done, victim
        try:
            assert victim.wait(KILLED_WITHIN_SECONDS) == -signal.SIGKILL, f"it ended without coming to {at}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(victim.pid, signal.SIGKILL)

    def hear(self, sent: str) -> str:
        """What the front passes on."""
        if self._victim is None or not re.search(self._at, sent):
            return sent
        os.killpg(self._victim.pid, signal.SIGKILL)
        self._victim = None
        return sent if self._is_done else "SELECT 1"


@contextmanager
def fronted_site(server: EmbeddedServer) -> Iterator["Site"]:
    """A site on the warehouse of `server`, while the block lasts."""
    executioner = Executioner()
    with fronted(server.url, executioner.hear) as front:
        yield Site(server, front, executioner)


@dataclass
class Site:
    """What was landed so far lies in `landed`; `root` is where the dbt project lies. Builds go through a front."""

    server: EmbeddedServer
    front: str
    executioner: Executioner
    root: Path = ROOT
    landed: list[Landing] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return self.server.environment | {"EVENTLENS_WAREHOUSE_URL": self.front}

    @property
    def settings(self) -> Settings:
        return read_settings({name: value for name, value in self.environment.items() if name.startswith("EVENTLENS_")})

    def warehouse(self) -> Warehouse:
        return Warehouse(self.server.url)

    def create(self, name: str, timezone: str) -> str:
        """The id of a new project."""
        registry = open_registry(self.settings)
        project_id = create_project(registry, name, timezone=timezone).project_id
        registry.close()
        return project_id

    def land(self, project: Project) -> None:
        """Lands what was sent to `project`; its events, operations and refusals are a batch each."""
        with self.warehouse() as warehouse:
            land(warehouse, rows_of([project]), self.landed)
        self.landed += rows_of([project])

    def build(self, *, start: date | None = None, end: date | None = None, is_full_refresh: bool = False) -> None:
        """Builds in this process; every check has to pass, but that something landed today."""
        with patch("orchestration.dbt.ROOT", self.root), patch.dict(os.environ), warnings.catch_warnings():
            # Dagster and dbt warn about their own dependencies.
            warnings.simplefilter("ignore")
            done = build(self.settings, _silent, start=start, end=end, is_full_refresh=is_full_refresh)
        assert done.failed_checks == [QUIET_FOR_MONTHS]

    def build_killed(self, at: str, *, is_done: bool, start: date, end: date) -> None:
        """`eventlens build` of the days from `start` to `end`, killed as the executioner does."""
        command = [sys.executable, "-c", BUILD_WITH_ROOT, str(self.root)]
        command += ["build", "--start", f"{start}", "--end", f"{end}"]
        build = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, start_new_session=True)
        self.executioner.kill(build, at, is_done=is_done)

    def change_dbt_var(self, folder: Path, name: str, old: str, new: str) -> None:
        """Edits a var in dbt_project.yml, of a copy in `folder`, as a data team does."""
        for part in ("dbt_project", "profiles"):
            shutil.copytree(self.root / part, folder / part)
        text = (self.root / "dbt_project.yml").read_text()
        assert f"  {name}: {old}\n" in text
        (folder / "dbt_project.yml").write_text(text.replace(f"  {name}: {old}\n", f"  {name}: {new}\n"))
        self.root = folder


def _silent(table: str, done: int, total: int) -> None:
    """A build's progress, told to nobody."""
