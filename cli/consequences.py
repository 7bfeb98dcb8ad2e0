"""Tells which builds a command's changes require: the days that still follow the old settings, and how to rebuild
them.
"""

from cli.console import errors
from event_lens.errors import EventLensError
from event_lens.registry.consequences import rebuilt_projects, rescanned_projects
from event_lens.registry.database import Registry
from event_lens.registry.projects import find_project
from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.held_days import HeldDays, find_held_days

LOOK_SECONDS = 10


def tell_consequences(settings: Settings, registry: Registry) -> None:
    """Say what has to be built or rescanned, on standard error, because the answer may be JSON. The warehouse may be
    unreachable: the changes are already made.
    """
    for project_id in rebuilt_projects(registry.changes):
        shard = find_project(registry, project_id).shard
        try:
            with connect(settings, "query", shard=shard, query_timeout_seconds=LOOK_SECONDS) as warehouse:
                days = find_held_days(warehouse, project_id)
        except EventLensError:
            _say(f"The tables of {project_id} follow its old settings; the next `eventlens build` rebuilds them.")
        else:
            if days is not None:
                _say(_sentence(project_id, days))
    for project_id in rescanned_projects(registry.changes):
        _say(f"Events of {project_id} that have landed keep their verdict until `eventlens bots rescan`.")


def _sentence(project_id: str, days: HeldDays) -> str:
    count = f"{days.day_count} days" if days.day_count > 1 else "1 day"
    return (
        f"{count} of {project_id} ({days.first_day} to {days.last_day}) follow the old settings: `eventlens build` "
        "rebuilds them, and where Dagster runs it starts by itself."
    )


def _say(text: str) -> None:
    errors.print(text, highlight=False, soft_wrap=True, markup=False)
