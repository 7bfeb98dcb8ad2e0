"""Dagster's daemon, one for each home, as a process: `python -m orchestration.daemon`."""

import os
import sys
from pathlib import Path

import dagster as dg
from dagster._daemon.cli import cli

from event_lens.env_file import load_env_file
from event_lens.errors import EventLensError
from event_lens.settings import read_settings
from orchestration.dagster_home import prepare_dagster_home
from orchestration.file_lock import try_lock
from orchestration.instance import open_instance
from orchestration.serve import DAEMON_LOCK, DEFINITIONS, another_runs


def run(dagster_home: Path) -> None:
    """Runs sensors, schedules and the queue until SIGTERM or SIGINT; blocks.

    Raises `Refused` (`dagster_running`) while another does so over this home: both would start builds.
    """
    if try_lock(dagster_home / DAEMON_LOCK) is None:
        raise another_runs(dagster_home)
    end_runs_left_starting(dagster_home)
    # The daemon replaces its code server every minute; at "warning" each that ends would say so in the terminal.
    levels = ["--log-level", "warning", "--code-server-log-level", "error"]
    cli(["run", "-m", DEFINITIONS, *levels], obj={})


def end_runs_left_starting(dagster_home: Path) -> None:
    """Ends runs that an earlier daemon was starting when it was killed: no process will ever take them up."""
    with open_instance(dagster_home) as instance:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING])):
            instance.report_run_failed(run, "Dagster ended while it was starting this run.")


def main() -> None:
    """Shows an error that is the caller's to mend as one line."""
    try:
        load_env_file(os.environ)
        home = prepare_dagster_home(read_settings(os.environ))
        os.environ["DAGSTER_HOME"] = str(home)
        run(home)
    except EventLensError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
