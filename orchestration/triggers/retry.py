"""Decides when to try a failed build again: soon at first, then after longer delays. After the last delay only a person
can start it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile

# The waits after the first failure in a row, after the second, and so on: about five and a half hours in total.
DELAYS_SECONDS = (0, 60, 300, 900, 3600, 14_400)


@dataclass(frozen=True)
class EndedBuild:
    """A build that succeeded or failed. `definitions` is empty unless the sensor requested the build."""

    run_id: str
    is_success: bool
    ended_at: float
    definitions: str


@dataclass(frozen=True)
class Retry:
    """Whether a build may start now. If not, `reason` says why, and `needs_a_person` whether a person must start it."""

    may_start: bool
    reason: str = ""
    needs_a_person: bool = False
    run_id: str = ""


def failures_in_a_row(ended: Sequence[EndedBuild], definitions: str) -> list[EndedBuild]:
    """Return the failures since the last success, latest first; builds of other definitions do not count."""
    failed = takewhile(lambda build: not build.is_success, ended)
    return [build for build in failed if build.definitions == definitions]


def decide_retry(ended: Sequence[EndedBuild], definitions: str, now: float) -> Retry:
    """Decide whether to start a build of `definitions`; `ended` are the builds that have ended, latest first."""
    failures = failures_in_a_row(ended, definitions)
    if not failures:
        return Retry(may_start=True)
    last = failures[0]
    if len(failures) > len(DELAYS_SECONDS):
        return Retry(
            may_start=False,
            reason=f"{len(failures)} builds in a row failed, the last of them run {last.run_id} at "
            f"{_clock(last.ended_at)}. Builds wait for a person: read in that run why, mend it, and run `eventlens "
            "build`. They start by themselves again after one that succeeds, or when a definition changes.",
            needs_a_person=True,
            run_id=last.run_id,
        )
    next_try = last.ended_at + DELAYS_SECONDS[len(failures) - 1]
    if now < next_try:
        return Retry(
            may_start=False,
            reason=f"{len(failures)} builds in a row failed, the last of them run {last.run_id}; "
            f"the next is tried at {_clock(next_try)}.",
            run_id=last.run_id,
        )
    return Retry(may_start=True)


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
