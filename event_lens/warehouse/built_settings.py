"""The settings that a project's tables follow: those with which its days were last built."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from event_lens.registry.consequences import NUMBERS_FOLLOW
from event_lens.registry.tables import Project
from event_lens.warehouse.readable import Readable

Values = Mapping[str, Any]
"""Values by the names of `NUMBERS_FOLLOW`; lists are sorted, because their order has no meaning."""

_BUILT = f"""
SELECT project_id, settings_hash = 0 AS is_in_change, {", ".join(NUMBERS_FOLLOW)}
FROM lens_staging.built_projects FINAL WHERE timezone != ''
"""


@dataclass(frozen=True)
class BuiltSettings:
    """The values that a project's tables follow. With `is_in_change` a build has begun to apply other settings or
    definitions, and none has finished since: some numbers follow these.
    """

    values: Values
    is_in_change: bool = False


def settings_of(project: Project) -> Values:
    """Return the settings that the project's numbers will follow once they are built."""
    return _comparable({name: getattr(project, name) for name in NUMBERS_FOLLOW})


def read_built_settings(warehouse: Readable) -> dict[str, BuiltSettings]:
    """Return the settings that the tables follow, by project id. A project that was last built before they were noted
    is not there. Raises what `Warehouse` raises.
    """
    return {
        row["project_id"]: BuiltSettings(
            _comparable({name: row[name] for name in NUMBERS_FOLLOW}), bool(row["is_in_change"])
        )
        for row in warehouse.rows(_BUILT)
    }


def _comparable(settings: Values) -> Values:
    return {name: sorted(value) if isinstance(value, list) else value for name, value in settings.items()}
