"""Runs and ticks lie in files that a process opens once."""

import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.test_utils import create_run_for_test

from orchestration.dagster_home import write_configuration
from orchestration.sqlite_storage import KeptRunStorage, KeptScheduleStorage


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_configuration(tmp_path)
    return tmp_path


def count_runs(home: Path) -> int:
    """The runs that an instance of its own finds, which also reads the ticks."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.all_instigator_state() == []
        return instance.get_runs_count()


def open_files(home: Path) -> Counter[str]:
    """How often this process holds each file of a home open."""
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return Counter(path.name for path in links if path.is_relative_to(home) and path.suffix == ".db")


def test_many_instances_one_after_the_other_share_one_connection_to_each_file(home: Path) -> None:
    assert [count_runs(home) for _ in range(5)] == [0] * 5
    assert (open_files(home)["runs.db"], open_files(home)["schedules.db"]) == (1, 1)


def test_the_versions_of_tables_are_compared_once_in_a_process(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert count_runs(home) == 0
    for module in (sqlite_run_storage, sqlite_schedule_storage):
        monkeypatch.delattr(module, "check_alembic_revision")
    assert count_runs(home) == 0


def test_threads_write_and_read_side_by_side(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance, ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda _: create_run_for_test(instance).run_id, range(40)))
        assert sorted(run.run_id for run in instance.get_runs()) == sorted(runs)


def test_the_tables_are_made_again_in_a_folder_that_was_emptied(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        create_run_for_test(instance)
    assert count_runs(home) == 1
    for name in ("history", "schedules"):
        shutil.rmtree(home / name)
    assert count_runs(home) == 0


def test_files_of_an_older_home_are_read(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        run = create_run_for_test(instance)
    write_configuration(tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert isinstance(instance.run_storage, KeptRunStorage)
        assert isinstance(instance.schedule_storage, KeptScheduleStorage)
        assert [found.run_id for found in instance.get_runs()] == [run.run_id]
