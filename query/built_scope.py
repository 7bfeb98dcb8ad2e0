"""A project as its tables have it: until a build has finished, they follow the settings of the build before."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from event_lens.warehouse.freshness import Freshness
from query.report_context import ProjectScope


def as_built(subject: ProjectScope, freshness: Freshness) -> ProjectScope:
    """Return `subject` with the time zone and the currency that its tables follow, and with the settings that have
    changed since. Numbers under a zone or currency in which they were not counted would be wrong.
    """
    built = freshness.built_settings.get(subject.project_id)
    if built is None:
        return subject
    old = built.values
    changed = tuple(
        f"{name} ({_told(old[name])} to {_told(value)})" for name, value in subject.follows if old[name] != value
    )
    return replace(
        subject,
        zone=ZoneInfo(old["timezone"]),
        currency=old["currency"],
        changed=changed,
        is_in_change=built.is_in_change,
    )


def _told(value: object) -> str:
    told = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return told or "none"
