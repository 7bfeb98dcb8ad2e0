"""What steps print."""

import sys
from pathlib import Path

import dagster as dg
import pytest

from orchestration.dagster_home import write_configuration


@dg.op
def talk() -> None:
    sys.stdout.write("a line of a tool\n")
    sys.stderr.write("a warning of a tool\n")


@dg.job(executor_def=dg.in_process_executor)
def talkative() -> None:
    talk()


def test_the_output_of_a_step_is_in_its_log_and_not_in_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_configuration(tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        result = talkative.execute_in_process(instance=instance)
        captured = next(event for event in result.all_events if event.event_type_value == "LOGS_CAPTURED")
        key = [result.run_id, "compute_logs", captured.logs_captured_data.file_key]
        log = instance.compute_log_manager.get_log_data(key)
    assert log.stdout is not None
    assert log.stdout.decode() == "a line of a tool\n"
    assert b"a warning of a tool" in (log.stderr or b"")
    shown = capfd.readouterr()
    assert "of a tool" not in shown.out + shown.err


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s: a "home" #1'
    folder.mkdir()
    write_configuration(folder)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        assert talkative.execute_in_process(instance=instance).success
    assert (folder / "history" / "runs" / "index.db").exists()
    assert list((folder / "storage").glob("*/compute_logs/*.out"))
