"""The resident process: it serves the definitions to Dagster's page and daemon, and starts runs. It loads the
definitions and the models once, and after that it only forks: first the server that answers Dagster, then every run. So
a run starts at once, shares the loaded memory, and damages nothing else when it is killed. The process stays
single-threaded and opens no database, because a fork cannot copy threads and would share open files.
"""

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import grpc  # type: ignore[import-untyped]
from dagster._cli.api import _execute_run_command_body
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.utils import FuturesAwareThreadPoolExecutor
from dagster._grpc.server import DagsterApiServer, DagsterGrpcServer
from dagster._utils.interrupts import capture_interrupts, setup_interrupt_handlers
from dagster._utils.log import configure_loggers

from event_lens.errors import EventLensError
from event_lens.settings import Settings
from orchestration.assets.partitions import first_shown_day
from orchestration.dbt import ROOT, dbt_project, parsed_manifest
from orchestration.dbt_sources import newest_source
from orchestration.definitions import loaded_definitions
from orchestration.fork_server import ForkServer
from orchestration.instance import open_instance
from orchestration.run_tags import DAYS_TAG, EVERYTHING, PROJECT_TAG, RANGE, TOUCHED, scope_of
from orchestration.serve import CODE_SOCKET, DEFINITIONS, RUN_SOCKET, socket_path

SHOWN_RANGE = (ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG)
SECONDS_BETWEEN_LOOKS = 2.0
# A waiting gRPC server wakes ten times a second.
SECONDS_BETWEEN_WAKINGS = 5.0
SERVER_THREADS = 8


def serve(
    dagster_home: Path, lock: int, module: str, load: Callable[[], None], is_outdated: Callable[[], bool]
) -> None:
    """Load the definitions, and serve until SIGTERM or SIGINT; restart when the loaded definitions are outdated.
    Blocks.

    `lock` is the descriptor that holds the code server's lock.
    """
    setup_interrupt_handlers()
    load()
    # Loaded objects are permanent: a garbage collection would copy their pages into every run.
    gc.collect()
    gc.freeze()
    with ForkServer(
        socket_path(dagster_home, RUN_SOCKET),
        run=lambda run_id: execute_run(dagster_home, run_id),
        bury=lambda run_id: end_run(dagster_home, run_id),
        own=[lock],
    ) as forks:
        server = forks.start(lambda: serve_module(module, socket_path(dagster_home, CODE_SOCKET)))
        must_start_anew = False
        with suppress(KeyboardInterrupt):
            while forks.is_alive(server) and not (must_start_anew := is_outdated()):
                forks.serve(SECONDS_BETWEEN_LOOKS)
        is_server_gone = not forks.is_alive(server)
        forks.stop(server)
    if must_start_anew:
        os.execv(sys.executable, sys.orig_argv)
    if is_server_gone:
        sys.exit("The server of Dagster's definitions ended by itself.")


def execute_run(dagster_home: Path, run_id: str) -> None:
    """Execute a run, in a process of its own; Dagster's log holds its result."""
    with capture_interrupts(), open_instance(dagster_home) as instance:
        _execute_run_command_body(run_id, instance, lambda _: None, set_exit_code_on_failure=False)
        if record := instance.get_run_record_by_id(run_id):
            sys.stdout.write(f"{told(record)}\n")


def told(record: dg.RunRecord) -> str:
    """Return the line about a run that the terminal shows."""
    seconds = record.end_time - record.start_time if record.start_time and record.end_time else 0.0
    run = record.dagster_run
    if run.asset_check_selection and not run.asset_selection:
        return f"Executed {len(run.asset_check_selection)} checks in {seconds:.1f} s: {run.status.value.lower()}."
    days = run.tags.get(DAYS_TAG) or "/".join(run.tags[tag] for tag in SHOWN_RANGE if tag in run.tags)
    shown = days.replace("/", " to ")
    named = {TOUCHED: f"what changed, {shown},", RANGE: shown, EVERYTHING: "everything"}
    what = named[scope_of(run.tags)] or run.job_name
    if project := run.tags.get(PROJECT_TAG):
        what = f"{project}, which was set aside,"
    if run.is_success:
        return f"Built {what} in {seconds:.1f} s."
    return f"The build of {what} ended after {seconds:.1f} s: {run.status.value.lower()}, run {run.run_id}."


def end_run(dagster_home: Path, run_id: str) -> None:
    """Mark a run as failed when its process ended before the run did."""
    with open_instance(dagster_home) as instance:
        run = instance.get_run_by_id(run_id)
        if run and not run.is_finished:
            instance.report_run_failed(run, "The process of this run ended in the middle of it.")


def serve_module(module: str, socket: Path) -> None:
    """Answer Dagster about the definitions of `module` until SIGTERM, SIGINT or the end of the parent process."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    configure_loggers(log_level="ERROR")
    logger = logging.getLogger("dagster.code_server")
    pool = FuturesAwareThreadPoolExecutor(max_workers=SERVER_THREADS)
    servicer = DagsterApiServer(
        server_termination_event=ended,
        logger=logger,
        server_threadpool_executor=pool,
        loadable_target_origin=LoadableTargetOrigin(
            executable_path=sys.executable, module_name=module, working_directory=str(ROOT)
        ),
        entry_point=DEFAULT_DAGSTER_ENTRY_POINT,
    )
    threading.Thread(target=_end_with, args=(os.getppid(), ended), daemon=True).start()
    socket.unlink(missing_ok=True)
    grpc._common.MAXIMUM_WAIT_TIMEOUT = SECONDS_BETWEEN_WAKINGS
    server: Any = DagsterGrpcServer(ended, servicer, logger, pool, socket=str(socket))
    server.serve()


def _end_with(parent: int, ended: threading.Event) -> None:
    while os.getppid() == parent and not ended.wait(SECONDS_BETWEEN_LOOKS):
        pass
    ended.set()


def serve_everything(dagster_home: Path, lock: int, settings: Settings) -> None:
    """Serve our definitions, and restart when a file of the models or the first shown day changes."""

    def sources() -> tuple[float, date]:
        return newest_source(ROOT), first_shown_day(settings)

    loaded = sources()
    serve(dagster_home, lock, DEFINITIONS, lambda: load_everything(settings), lambda: sources() != loaded)


def load_everything(settings: Settings) -> None:
    """Load everything that runs need. Errors in the models are not raised here; the page shows them when it loads the
    definitions.
    """
    with suppress(EventLensError):
        loaded_definitions().get_repository_def().load_all_definitions()
        parsed_manifest(dbt_project(settings))
