"""The rebuilds and rescans that a change of the registry requires: until then the numbers follow the old settings."""

from collections.abc import Iterable

from event_lens.registry.project_settings import Changes
from event_lens.registry.tables import PROJECT_SETTINGS, AuditEntry

NUMBERS_FOLLOW = tuple(setting.name for setting in PROJECT_SETTINGS.values() if setting.changes is Changes.ALL_DAYS)
"""The settings on which the numbers of all days depend. `lens_staging.built_projects` has a column for each."""

REBUILT_SETTINGS = (*NUMBERS_FOLLOW, "rebuild_count")

RESCANNED_SETTINGS = ("bot_rules",)
"""Settings by which the collector judges events; landed events keep their verdict until `eventlens bots rescan`."""

DELETED_BY = ("deletion_asked_at",)

DEFINITIONS = ("funnel", "retention", "cohort", "goal")


def rebuilt_projects(changes: Iterable[AuditEntry]) -> list[str]:
    """Return the projects whose days the next build recomputes, each once."""
    return list(dict.fromkeys(change.project_id for change in changes if _rebuilds(change)))


def rescanned_projects(changes: Iterable[AuditEntry]) -> list[str]:
    """Return the projects whose landed events the bot rules may now judge differently, each once."""
    return list(dict.fromkeys(change.project_id for change in changes if _changes(change, RESCANNED_SETTINGS)))


def deleted_projects(changes: Iterable[AuditEntry]) -> list[str]:
    """Return the projects that are to be deleted from now on, each once."""
    return list(dict.fromkeys(change.project_id for change in changes if _changes(change, DELETED_BY)))


def _rebuilds(change: AuditEntry) -> bool:
    return change.subject in DEFINITIONS or _changes(change, REBUILT_SETTINGS)


def _changes(change: AuditEntry, settings: Iterable[str]) -> bool:
    is_changed = change.subject == "project" and change.action == "update"
    return is_changed and any(name in change.after for name in settings)
