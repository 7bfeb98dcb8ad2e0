"""Quotas: how much one project may send, define and ask, so that it cannot starve the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from event_lens.registry.setting_values import refused

MAX_QUOTA = 10**15


@dataclass(frozen=True)
class Quota:
    """The meaning of a limit, and its default for projects that do not set it; 0 means unlimited."""

    default: int
    meaning: str


QUOTAS = {
    "events_a_minute": Quota(3_000_000, "events and operations received in a minute of the clock"),
    "events_a_day": Quota(500_000_000, "events and operations received in a UTC day"),
    "bytes_a_day": Quota(500_000_000_000, "bytes of bodies received in a UTC day"),
    "event_names": Quota(2_000, "new names of events in a UTC day, from senders without a verified secret"),
    "properties": Quota(10_000, "new paths of properties in a UTC day, from senders without a verified secret"),
    "definitions": Quota(200, "funnels, retentions, cohorts and goals together"),
    "filter_values": Quota(5_000, "values of the filters of all definitions together"),
    "questions_at_once": Quota(0, "questions that are answered at the same time"),
    "export_rows": Quota(0, "rows of one export"),
}


def quota_of(quotas: Sequence[str], name: str) -> int:
    """Return the limit called `name` of a project with these `quotas`, each NAME=NUMBER; 0 means unlimited."""
    return next((int(text.rpartition("=")[2]) for text in quotas if text.startswith(f"{name}=")), QUOTAS[name].default)


def quota_text(text: str) -> str:
    """Take NAME=NUMBER. Raises `Refused` (`project_setting_invalid`)."""
    name, _, number = (part.strip() for part in text.partition("="))
    if name not in QUOTAS:
        raise refused(f"There is no quota {name!r}; they are {', '.join(QUOTAS)}.")
    if not (number.isascii() and number.isdecimal()) or int(number) > MAX_QUOTA:
        raise refused(f"{text!r} is not a quota: write {name}=NUMBER, 0 for no limit.")
    return f"{name}={int(number)}"


def last_of_each(quotas: list[str]) -> list[str]:
    """Keep the last quota of each name."""
    return list({text.partition("=")[0]: text for text in quotas}.values())
