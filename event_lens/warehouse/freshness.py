"""The freshness of the tables: the landed batches that they hold, and the time up to which no landed batch is
missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from event_lens.warehouse.built_settings import BuiltSettings
from event_lens.warehouse.failed_checks import FailedCheck, read_failed_checks
from event_lens.warehouse.readable import Readable
from event_lens.warehouse.set_aside import SetAside, read_set_aside

# Nearly always no project is set aside and no check fails; counting them is a third of reading them.
WAITING = """
SELECT
    count() AS waiting,
    toUnixTimestamp64Milli(min(landed_at)) AS oldest_waiting,
    (SELECT count() FROM lens_staging.set_aside_projects FINAL WHERE is_set_aside = 1) AS set_aside,
    (SELECT count() FROM lens_staging.failed_checks FINAL WHERE is_failing = 1) AS failed_checks
FROM lens_raw.batches
WHERE batch_id NOT IN (SELECT batch_id FROM lens_staging.built_batches)
"""
BUILDS = "SELECT count() FROM lens_staging.builds"


@dataclass(frozen=True)
class Freshness:
    """`complete_through`: the instant (ms) up to which all landed events are in the tables; None before the first
    build. `version` changes when a build has finished; None before the first build. `set_aside` are the projects that
    builds leave out, whose tables are complete through an earlier instant; `failed_checks` are the failed checks of the
    last build that ran them. `built_settings` are, by project, the settings that its tables follow.
    """

    complete_through: int | None
    version: int | None
    set_aside: Mapping[str, SetAside] = field(default_factory=dict, hash=False)
    failed_checks: tuple[FailedCheck, ...] = ()
    built_settings: Mapping[str, BuiltSettings] = field(default_factory=dict, hash=False)

    def complete_through_of(self, project_id: str) -> int | None:
        """Return the instant (ms) up to which all landed events of a project are in the tables; None before the first
        build.
        """
        aside = self.set_aside.get(project_id)
        if aside is None or self.complete_through is None:
            return self.complete_through
        return min(self.complete_through, aside.complete_through_ms)


def read_freshness(warehouse: Readable, now_ms: int) -> Freshness:
    """Return the freshness at `now_ms`, which must be an instant before the call. Raises what `Warehouse` raises."""
    (row,) = warehouse.rows(WAITING)
    # Read after the waiting batches, and a build notes its end before it marks its batches as built. So answers cached
    # under this version come from tables that hold every batch that does not wait.
    aside = read_set_aside(warehouse) if row["set_aside"] else {}
    failed = read_failed_checks(warehouse) if row["failed_checks"] else ()
    version = warehouse.value(BUILDS)
    if not version:
        return Freshness(None, None)
    return Freshness(row["oldest_waiting"] - 1 if row["waiting"] else now_ms, version, aside, failed)
