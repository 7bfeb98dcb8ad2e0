"""The settings that a project's tables follow: those with which its days were last built."""

from collections.abc import Mapping
from typing import Any

from event_lens.registry.project_settings import Changes
from event_lens.registry.tables import PROJECT_SETTINGS, Project
from event_lens.warehouse.readable import Readable

NUMBERS_FOLLOW = tuple(setting.name for setting in PROJECT_SETTINGS.values() if setting.changes is Changes.ALL_DAYS)
"""The settings on which the numbers of all days depend. `lens_staging.built_projects` has a column for each."""

BuiltSettings = Mapping[str, Any]
"""Values by the names of `NUMBERS_FOLLOW`; lists are sorted, because their order has no meaning."""

_BUILT = f"SELECT project_id, {', '.join(NUMBERS_FOLLOW)} FROM lens_staging.built_projects FINAL WHERE timezone != ''"


def settings_of(project: Project) -> BuiltSettings:
    """Return the settings that the project's numbers will follow once they are built."""
    return _comparable({name: getattr(project, name) for name in NUMBERS_FOLLOW})


def read_built_settings(warehouse: Readable) -> dict[str, BuiltSettings]:
    """Return the settings that the tables follow, by project id. A project that was last built before they were noted
    is not there. Raises what `Warehouse` raises.
    """
    return {row.pop("project_id"): _comparable(row) for row in warehouse.rows(_BUILT)}


def _comparable(settings: Mapping[str, Any]) -> BuiltSettings:
    return {name: sorted(value) if isinstance(value, list) else value for name, value in settings.items()}
