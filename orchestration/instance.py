"""Opens Dagster's instance, whose home is inside ours."""

from pathlib import Path

import dagster as dg

from event_lens.file_lock import waited_lock


def open_instance(dagster_home: Path) -> dg.DagsterInstance:
    """Open the instance. Only one process at a time does so: two processes that create its databases at once would both
    fail.
    """
    with waited_lock(dagster_home / "instance.lock"):
        return dg.DagsterInstance.from_config(str(dagster_home))
