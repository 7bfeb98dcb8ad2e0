"""The daily numbers of an old tool: a table with a day and at least one of visitors, sessions, views and bounces."""

import math
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from collector.imports.record_events import text_of
from collector.imports.records import read_records
from event_lens.errors import Refused

# Column names of Plausible, Umami, Matomo, GA4 and handmade tables; in lower case and with letters only.
DAY = ("date", "day", "label", "time", "x")
NAMES = {
    "visitors": ("visitors", "uniquevisitors", "nbuniqvisitors", "uniques", "users", "totalusers", "activeusers"),
    "sessions": ("visits", "sessions", "nbvisits"),
    "views": ("pageviews", "views", "screenpageviews", "nbpageviews", "nbactions", "screenviews"),
    "bounces": ("bounces", "bouncecount"),
    "bounce_rate": ("bouncerate",),
}


@dataclass(frozen=True)
class OldDay:
    """The old tool's numbers of a day; None for numbers that the tool does not report. `bounce_rate` is in percent."""

    day: date
    visitors: int | None = None
    sessions: int | None = None
    views: int | None = None
    bounce_rate: float | None = None


def read_old_numbers(path: Path) -> list[OldDay]:
    """Return the days in order; several rows of a day are added up. Raises `Refused` (`old_numbers_unreadable`) for any
    other table.
    """
    found: dict[date, dict[str, float]] = {}
    fields: list[str] = []
    for records in read_records(path):
        for row in records.rows:
            fields = fields or list(row)
            said = {re.sub(r"[^a-z]", "", name.lower()): value for name, value in row.items()}
            day = next((found_day for name in DAY if (found_day := _day(said.get(name)))), None)
            if day is None:
                continue
            sums = found.setdefault(day, {})
            for number, names in NAMES.items():
                value = next((parsed for name in names if (parsed := _number(said.get(name))) is not None), None)
                if value is not None:
                    sums[number] = value if number == "bounce_rate" else sums.get(number, 0) + value
    if not any(found.values()):
        raise Refused(
            f"{path} has no days with visitors, sessions or views; its fields are {', '.join(fields[:30])}.",
            code="old_numbers_unreadable",
        )
    # Google's rates are shares of 1, others' are percent.
    percent = 100 if max((sums.get("bounce_rate", 0) for sums in found.values()), default=0) <= 1 else 1
    return [_old_day(day, found[day], percent) for day in sorted(found)]


def _old_day(day: date, sums: dict[str, float], percent: int) -> OldDay:
    rate = sums.get("bounce_rate")
    sessions = sums.get("sessions")
    if rate is None and sessions and "bounces" in sums:
        rate = 100 * sums["bounces"] / sessions
    elif rate is not None:
        rate *= percent
    whole = {name: int(sums[name]) if name in sums else None for name in ("visitors", "sessions", "views")}
    return OldDay(day, bounce_rate=rate, **whole)


def _day(value: Any) -> date | None:
    text = text_of(value)[:10]
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    try:
        number = float(text_of(value).strip().removesuffix("%").replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
