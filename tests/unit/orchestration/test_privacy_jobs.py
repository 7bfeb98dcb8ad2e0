"""The forms of Dagster's privacy jobs: what they ask for, and that an erased id does not stay in Dagster's database."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import dagster as dg
import msgspec

from event_lens.registry.database import open_registry
from event_lens.registry.projects import change_project, create_project
from event_lens.settings import read_settings
from event_lens.warehouse.access import connect
from orchestration.dagster_home import write_configuration
from orchestration.forgotten_form import forget_form
from orchestration.privacy_jobs import DROP, EraseForm, privacy_jobs
from tests.conftest import EmbeddedServer

FORGOTTEN = "person-4711-forgotten"


@dg.op
def erase_nobody(context: dg.OpExecutionContext, config: EraseForm) -> None:
    """Do what the job does after an erasure."""
    assert config.profile == FORGOTTEN
    assert naming_files(Path(context.instance.root_directory)) != []
    forget_form(context.instance, context.run_id)


@dg.job
def erase_job() -> None:
    erase_nobody()


def naming_files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file() and FORGOTTEN.encode() in path.read_bytes()]


def test_values_typed_into_the_form_of_an_erasure_are_in_no_file_of_dagster(tmp_path: Path) -> None:
    write_configuration(tmp_path)
    form = {"ops": {"erase_nobody": {"config": {"project": "p", "profile": FORGOTTEN}}}}
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        result = erase_job.execute_in_process(run_config=form, instance=instance)
        assert result.success
        run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.is_success
    assert naming_files(tmp_path) == []


def test_the_jobs_have_typed_forms(tmp_path: Path) -> None:
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path / "home")})
    expire, erase = privacy_jobs(settings)
    assert (expire.name, erase.name) == ("expire", "erase_person")
    assert dg.validate_run_config(expire, {"ops": {"drop_old_days": {"config": {"dry_run": False}}}})
    assert dg.validate_run_config(erase, {"ops": {"erase": {"config": {"project": "p", "device": "d"}}}})


def test_the_job_drops_old_days_and_names_projects_whose_days_wait_for_a_build(
    tmp_path: Path, start_embedded: Callable[[Path], EmbeddedServer]
) -> None:
    server = start_embedded(tmp_path / "home").wait()
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path / "home"), "EVENTLENS_WAREHOUSE_PORT": str(server.port)})
    with closing(open_registry(settings)) as registry:
        for_good, for_days = (create_project(registry, name).project_id for name in ("For good", "For days"))
        change_project(registry, for_days, raw_kept_days=30)
    expire, _ = privacy_jobs(settings)
    form = {"ops": {DROP: {"config": {"dry_run": False}}}}
    batch = {"batch_id": "waits", "table_name": "lens_raw.events", "landed_at": 1, "first_event_at": 1}
    with connect(settings, "admin") as warehouse:
        for project in (for_good, for_days):
            row = {"project_id": project, "name": "click", "created_at": 1_750_000_000, "day": "2025-06-15"}
            warehouse.insert_lines("lens_raw.events", msgspec.json.encode(row), token=project)
        warehouse.insert_lines("lens_raw.batches", msgspec.json.encode(batch), token="waits")
        assert not expire.execute_in_process(run_config=form, raise_on_error=False).success
        assert warehouse.value("SELECT count() FROM lens_raw.events") == 2
        warehouse.command("TRUNCATE TABLE lens_raw.batches")
        assert expire.execute_in_process(run_config=form).success
        assert warehouse.rows("SELECT project_id FROM lens_raw.events") == [{"project_id": for_good}]
