"""The lease of a run shows that the run's process is alive. It is a lock, which is released when the process ends; a
stored status would remain.
"""

from pathlib import Path

from event_lens.file_lock import wait_for_lock

# A run is marked as started a moment before its process takes the lease.
SECONDS_TO_TAKE_IT = 60


def lease_path(dagster_home: Path, run_id: str) -> Path:
    return dagster_home / "leases" / run_id


def take_lease(dagster_home: Path, run_id: str) -> None:
    """Take the lease of a run for the rest of this process.

    It is not released at the run's end, because at that moment the run's last events are not written yet.
    """
    # A process that checks the lease holds it shared for an instant, so this waits.
    wait_for_lock(lease_path(dagster_home, run_id))


def is_run_alive(*, is_leased: bool | None, seconds_since_start: float) -> bool:
    """Decide whether a started run still has a process; `is_leased` is `None` when no lease was ever taken."""
    if is_leased is None:
        return seconds_since_start < SECONDS_TO_TAKE_IT
    return is_leased
