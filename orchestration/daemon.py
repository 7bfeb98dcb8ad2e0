"""Dagster's daemon, one for each home, as a process: `python -m orchestration.daemon`."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import dagster as dg
from dagster._daemon import controller
from dagster._daemon.controller import create_daemon_of_type, daemon_controller_from_instance
from dagster._daemon.daemon import DagsterDaemon
from dagster._utils.interrupts import capture_interrupts, setup_interrupt_handlers

from event_lens.data_dir import write_for_owner_only
from event_lens.env_file import load_env_file
from event_lens.errors import EventLensError
from event_lens.file_lock import try_lock
from event_lens.settings import Settings, read_settings
from orchestration.dagster_home import prepare_dagster_home
from orchestration.instance import open_instance
from orchestration.serve import DAEMON_LOCK, another_runs
from orchestration.triggers.watch import Landings, PromptQueue, RareFreshness, RareMonitoring, WatchingSensors
from orchestration.workspace import served_definitions

SECONDS_BETWEEN_RELOADS = 240
"""How often the daemon fetches all definitions anew. When the code server restarts, it fetches them at once."""


def run(dagster_home: Path, settings: Settings) -> None:
    """Run sensors, schedules and the queue until SIGTERM or SIGINT; blocks.

    Raises `Refused` (`dagster_running`) while another daemon runs over this home, because both would start builds.
    """
    if try_lock(dagster_home / DAEMON_LOCK) is None:
        raise another_runs(dagster_home)
    end_runs_left_starting(dagster_home)
    setup_interrupt_handlers()
    controller.RELOAD_WORKSPACE_INTERVAL = SECONDS_BETWEEN_RELOADS
    with (
        suppress(KeyboardInterrupt),
        capture_interrupts(),
        open_instance(dagster_home) as instance,
        daemon_controller_from_instance(
            instance,
            served_definitions(dagster_home),
            gen_daemons=lambda _: daemons_of(instance, settings),
            log_level="warning",
        ) as running,
    ):
        running.check_daemon_loop()


def daemons_of(instance: dg.DagsterInstance, settings: Settings) -> Iterator[DagsterDaemon[Any]]:
    """Yield Dagster's daemons; some are our own versions (`triggers.watch`)."""
    asked = Event()
    for kind in instance.get_required_daemon_types():
        if kind == WatchingSensors.daemon_type():
            yield WatchingSensors(instance.get_sensor_settings(), Landings(instance, settings), asked)
        elif kind == PromptQueue.daemon_type():
            yield PromptQueue(asked)
        elif kind == RareMonitoring.daemon_type():
            yield RareMonitoring(instance.run_monitoring_poll_interval_seconds)
        elif kind == RareFreshness.daemon_type():  # type: ignore[no-untyped-call]
            yield RareFreshness()
        else:
            yield create_daemon_of_type(kind, instance)


def end_runs_left_starting(dagster_home: Path) -> None:
    """End runs that an earlier daemon was starting when it was killed, because no process will ever continue them."""
    with open_instance(dagster_home) as instance:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING])):
            instance.report_run_failed(run, "Dagster ended while it was starting this run.")


def main() -> None:
    """Run the daemon; print an error that the user can fix as one line and exit with 1."""
    write_for_owner_only()
    try:
        load_env_file(os.environ)
        settings = read_settings(os.environ)
        home = prepare_dagster_home(settings)
        os.environ["DAGSTER_HOME"] = str(home)
        run(home, settings)
    except EventLensError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
