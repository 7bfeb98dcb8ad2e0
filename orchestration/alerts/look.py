"""Looks for problems in the last build, in the sensor that requests builds, in the checks, in the spool and in the
warehouse.
"""

import json
import time
import urllib.request
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.error import URLError
from urllib.parse import urlsplit

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from event_lens.errors import EventLensError
from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import UNREACHABLE
from orchestration.alerts.decide import Problem
from orchestration.planning.runs import JOB, SENSOR
from orchestration.run_tags import PROJECT_TAG
from orchestration.serve import DEFINITIONS

BUILD, CHECK, LANDING, LOOK, SPOOL, WAREHOUSE = "build", "check", "landing", "look", "spool", "warehouse"
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_ANSWER_SECONDS = 5
_LOOKED_THROUGH = 50
# A warehouse that is started again answers within some seconds.
AWAY_SECONDS = 10.0
_SECONDS_BETWEEN_CALLS = 1.0
# A look can fail while a part restarts.
_FAILED_LOOKS = 2
_MAX_REASON = 300


@dataclass(frozen=True)
class Waiting:
    """The collector's spool: how many events and bytes wait, and for how many seconds the oldest has waited."""

    event_count: int
    byte_count: int
    oldest_seconds: float


def failed_build(settings: Settings, instance: dg.DagsterInstance) -> list[Problem]:
    """Return the last ended build as a problem if it failed, else an empty list.

    A build that only tried a project that is set aside is skipped: a check already reports such projects, and every
    further try would send another alert.
    """
    ended = instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=_ENDED), limit=_LOOKED_THROUGH)
    runs = [run for run in ended if PROJECT_TAG not in run.tags][:1]
    return [
        Problem(BUILD, "A build failed; what it planned stays unbuilt.", run_url(settings, run.run_id))
        for run in runs
        if not run.is_success
    ]


def failing_sensor(settings: Settings, instance: dg.DagsterInstance) -> list[Problem]:
    """Return a problem when every evaluation of the sensor that requests builds fails: then no build starts, and no run
    reports it.
    """
    look = _last_look(instance)
    if look is None or look.status != TickStatus.FAILURE or look.consecutive_failure_count < _FAILED_LOOKS:
        return []
    url = f"{_dagster_url(settings)}/locations/__repository__@{DEFINITIONS}/sensors/{SENSOR}"
    return [Problem(LOOK, f"Nothing that lands is built: the sensor of builds fails.\n{_reason(look)}", url)]


def _last_look(instance: dg.DagsterInstance) -> InstigatorTick | None:
    """Return the last finished evaluation of the sensor, if there is one."""
    ended = [TickStatus.SKIPPED, TickStatus.SUCCESS, TickStatus.FAILURE]
    looks = [
        look
        for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        if state.instigator_name == SENSOR
        for look in instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1, statuses=ended)
    ]
    return max(looks, key=lambda look: look.timestamp, default=None)


def _reason(look: InstigatorTick) -> str:
    error = look.error
    cause = error.cause if error and error.cause else error
    text = " ".join(cause.message.split()) if cause else "no reason given"
    return text if len(text) <= _MAX_REASON else f"{text[:_MAX_REASON]} ..."


def silent_warehouse(settings: Settings) -> list[Problem]:
    """Return a problem when the warehouse does not answer within `AWAY_SECONDS`; blocks for up to that time."""
    deadline = time.monotonic() + AWAY_SECONDS
    with connect(settings, "builder", query_timeout_seconds=_ANSWER_SECONDS) as warehouse:
        while True:
            try:
                warehouse.value("SELECT 1")
            except EventLensError as error:
                # A refusal is an answer, too.
                if error.code != UNREACHABLE:
                    return []
                if time.monotonic() >= deadline:
                    text = f"The warehouse is away: events wait, and questions have no answers.\n{error.message}"
                    return [Problem(WAREHOUSE, text)]
                time.sleep(_SECONDS_BETWEEN_CALLS)
            else:
                return []


def read_checks(
    settings: Settings, instance: dg.DagsterInstance, keys: Collection[dg.AssetCheckKey]
) -> tuple[list[Problem], set[str]]:
    """Return the checks that failed at their last evaluation, and the keys of checks that are running, whose state is
    unknown.
    """
    problems, unknown = [], set()
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    for key, record in found.items():
        name = f"{key.asset_key.to_user_string()}: {key.name}"
        if record.status == AssetCheckExecutionRecordStatus.FAILED:
            problems.append(Problem(f"{CHECK} {name}", f"A check is red: {name}.", run_url(settings, record.run_id)))
        elif record.status == AssetCheckExecutionRecordStatus.PLANNED:
            unknown.add(f"{CHECK} {name}")
    return problems, unknown


def late_landings(settings: Settings, waiting: Waiting, is_open: Collection[str]) -> Sequence[Problem]:
    """Return a problem for a spool older or larger than the settings allow. An open problem ends when the spool is
    under half of these limits.
    """
    oldest, size = settings.alert_landing_seconds, settings.alert_spool_bytes
    problems = []
    if waiting.oldest_seconds >= (oldest / 2 if LANDING in is_open else oldest):
        problems.append(
            Problem(
                LANDING,
                f"Events land late: {waiting.event_count:,} wait, the oldest for {waiting.oldest_seconds:,.0f} s. "
                "Look whether the warehouse answers: eventlens doctor.",
            )
        )
    if waiting.byte_count >= (size / 2 if SPOOL in is_open else size):
        problems.append(
            Problem(
                SPOOL,
                f"The spool grows: {waiting.byte_count / 1_000_000:,.0f} MB wait. At "
                f"{settings.spool_max_bytes / 1_000_000:,.0f} MB the collector answers 503.",
            )
        )
    return problems


def read_waiting(settings: Settings) -> Waiting | None:
    """Return the waiting events of the spool; `None` when the collector on this machine does not answer."""
    url = f"{settings.local_url(settings.collector_port)}/health"
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 -- our own collector
            spool: Mapping[str, float] = json.load(answer)["spool"]
            return Waiting(int(spool["pendingEvents"]), int(spool["pendingBytes"]), float(spool["oldestSeconds"] or 0))
    except (URLError, OSError, ValueError, KeyError):
        return None


def run_url(settings: Settings, run_id: str) -> str:
    """Return the address of a run's page."""
    return f"{_dagster_url(settings)}/runs/{run_id}"


def _dagster_url(settings: Settings) -> str:
    """Return the address at which people find Dagster: below the public address if there is one."""
    public = urlsplit(settings.public_url)
    return f"{public.scheme}://{public.netloc}{settings.dagster_path}" if settings.public_url else settings.dagster_url
