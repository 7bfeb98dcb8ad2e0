"""The forms of Dagster's privacy jobs: what they ask for, and that an erased id does not stay in Dagster's database."""

from pathlib import Path

import dagster as dg

from event_lens.settings import read_settings
from orchestration.dagster_home import write_configuration
from orchestration.forgotten_form import forget_form
from orchestration.privacy_jobs import EraseForm, privacy_jobs

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


def test_what_was_typed_into_the_form_of_an_erasure_is_in_no_file_of_dagster(tmp_path: Path) -> None:
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
