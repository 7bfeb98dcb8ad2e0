"""Four of Dagster's daemons, in versions of our own: sensors and queue react to a landing at once, and all of them wake
rarely while nothing happens.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, wait
from threading import Event
from typing import Any

import dagster as dg
from dagster._core.definitions.repository_definition.valid_definitions import SINGLETON_REPOSITORY_NAME
from dagster._core.definitions.selector import InstigatorSelector
from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster._daemon.daemon import DaemonIterator, IntervalDaemon, MonitoringDaemon, SensorDaemon, SpanMarker
from dagster._daemon.freshness import FreshnessDaemon
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration

from event_lens.errors import Unavailable
from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from orchestration.planning.plan import has_unbuilt_batches
from orchestration.planning.runs import JOB, SENSOR, UNFINISHED
from orchestration.serve import DEFINITIONS
from orchestration.triggers.pace import rest_seconds
from orchestration.triggers.sensors import ANSWER_SECONDS

# Sensors are evaluated as often as this when nothing lands: definitions and settings change, too.
SECONDS_BETWEEN_TICKS = 30.0
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_QUEUES = 5.0
SECONDS_BETWEEN_FRESHNESS = 120
SECONDS_TO_HEAR = 2.5
# Under this key Dagster knows the sensor that asks for builds.
BUILDS = InstigatorSelector(location_name=DEFINITIONS, repository_name=SINGLETON_REPOSITORY_NAME, name=SENSOR).get_id()


class Landings:
    """Finds out whether a landing should wake the sensor now."""

    def __init__(self, instance: dg.DagsterInstance, settings: Settings) -> None:
        self._instance = instance
        # Connects at the first look, in the thread that looks.
        self._warehouse = connect(settings, "builder", query_timeout_seconds=ANSWER_SECONDS)

    def is_left(self) -> bool:
        """Return whether a batch is unbuilt and no build of it was requested."""
        try:
            if not has_unbuilt_batches(self._warehouse):
                return False
        except Unavailable:
            return False
        return not self._instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=UNFINISHED), limit=1)

    def is_rested(self) -> bool:
        """Return whether enough time has passed since the last build for the next one to start."""
        last = self._instance.get_run_records(dg.RunsFilter(job_name=JOB), limit=1)
        if not last or last[0].start_time is None or last[0].end_time is None:
            return True
        return rest_seconds(last[0].start_time, last[0].end_time, time.time()) == 0


class WatchingSensors(SensorDaemon):
    """Checks every second for a landing, and evaluates the sensors at once after one. Each sensor has a thread, so that
    alerts go out while another sensor waits for a warehouse that does not answer.
    """

    def __init__(self, sensor_settings: Mapping[str, Any], landings: Landings, asked: Event) -> None:
        super().__init__({**sensor_settings, "use_threads": True})
        self._landings = landings
        self._asked = asked

    def core_loop(
        self, workspace_process_context: IWorkspaceProcessContext[Any], shutdown_event: Event
    ) -> DaemonIterator:
        """Run without end, and yield often, so that the daemon sends its heartbeat and notices a shutdown."""
        looks: dict[str, Future[Any]] = {}
        while True:
            yield SpanMarker.START_SPAN
            yield from execute_sensor_iteration(
                workspace_process_context, self._logger, self._threadpool_executor, None, looks
            )
            yield SpanMarker.END_SPAN
            for look in looks.values():
                look.add_done_callback(lambda _: self._asked.set())
            yield from self._wait(shutdown_event, looks.get(BUILDS))

    def _wait(self, shutdown_event: Event, look: Future[Any] | None) -> Iterator[None]:
        """Wait for the next tick or for a landing, whichever comes first.

        A landing that the sensor of builds has already seen in its `look` does not end the wait. The sensor sees a
        landing without requesting a run when it waits after a failure.
        """
        next_tick = time.monotonic() + SECONDS_BETWEEN_TICKS
        while look and not look.done():
            if time.monotonic() >= next_tick or shutdown_event.is_set():
                return
            wait([look], SECONDS_TO_HEAR)
            yield None
        is_seen = self._landings.is_left()
        while time.monotonic() < next_tick and not shutdown_event.wait(SECONDS_BETWEEN_LOOKS):
            yield None
            if not is_seen and self._landings.is_left() and self._landings.is_rested():
                return


class PromptQueue(QueuedRunCoordinatorDaemon):
    """Starts queued runs as soon as the sensors have been evaluated, and every five seconds."""

    def __init__(self, asked: Event) -> None:
        super().__init__(interval_seconds=SECONDS_BETWEEN_QUEUES)
        self._asked = asked

    def core_loop(
        self, workspace_process_context: IWorkspaceProcessContext[Any], shutdown_event: Event
    ) -> DaemonIterator:
        while True:
            self._asked.clear()
            yield SpanMarker.START_SPAN
            yield from self.run_iteration(workspace_process_context)
            yield SpanMarker.END_SPAN
            next_time = time.monotonic() + SECONDS_BETWEEN_QUEUES
            while time.monotonic() < next_time and not self._asked.wait(SECONDS_TO_HEAR):
                yield None


class RareWaking(IntervalDaemon[IWorkspaceProcessContext[Any]]):
    """Waits once between two iterations. Dagster's own daemons wake twice a second while they wait."""

    def core_loop(
        self, workspace_process_context: IWorkspaceProcessContext[Any], shutdown_event: Event
    ) -> DaemonIterator:
        while True:
            yield SpanMarker.START_SPAN
            yield from self.run_iteration(workspace_process_context)
            yield SpanMarker.END_SPAN
            shutdown_event.wait(self.interval_seconds)
            yield None


class RareMonitoring(RareWaking, MonitoringDaemon):
    """Ends runs whose process died."""


class RareFreshness(RareWaking, FreshnessDaemon):
    """Evaluates the tables' freshness policies every two minutes; the policies allow hours."""

    def __init__(self) -> None:
        super().__init__(interval_seconds=SECONDS_BETWEEN_FRESHNESS)
