"""`eventlens import compare`: shows the daily numbers here next to the old tool's, and the reasons why they differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cli.console import console, show_table
from collector.imports.old_numbers import OldDay, read_old_numbers
from event_lens.registry.database import open_registry
from event_lens.registry.projects import find_project
from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse

SAME = 0.005  # relative: closer numbers count as equal
OURS = """
    SELECT metrics.day AS day, unique_visitors AS visitors, sessions, screen_views AS views, bounces,
        bots.visitors AS bot_visitors, bots.views AS bot_views, utc.visitors AS utc_visitors,
        utc_bots.visitors AS utc_bot_visitors, of_sessions.over_midnight AS over_midnight,
        of_sessions.engaged AS engaged_bounces
    FROM lens.metrics_daily AS metrics
    LEFT JOIN (
        SELECT toDate(toTimeZone(created_at, {zone:String})) AS day, uniqExact(device_id) AS visitors,
            countIf(name IN ('screen_view', 'page_view', 'pageview')) AS views
        FROM lens_raw.events WHERE project_id = {project:String} AND is_bot GROUP BY day
    ) AS bots ON bots.day = metrics.day
    LEFT JOIN (
        SELECT toDate(created_at, 'UTC') AS day, uniqExact(device_id) AS visitors
        FROM lens.events WHERE project_id = {project:String} GROUP BY day
    ) AS utc ON utc.day = metrics.day
    LEFT JOIN (
        SELECT toDate(created_at, 'UTC') AS day, uniqExact(device_id) AS visitors
        FROM lens_raw.events WHERE project_id = {project:String} AND is_bot GROUP BY day
    ) AS utc_bots ON utc_bots.day = metrics.day
    LEFT JOIN (
        SELECT day, countIf(toDate(toTimeZone(ended_at, {zone:String})) > day) AS over_midnight,
            countIf(is_bounce AND event_count > 1) AS engaged
        FROM lens.sessions WHERE project_id = {project:String} GROUP BY day
    ) AS of_sessions ON of_sessions.day = metrics.day
    WHERE metrics.project_id = {project:String} AND metrics.day BETWEEN {first:Date} AND {last:Date}
"""
COLUMNS = (
    "day", "visitors there", "here", "sessions there", "here", "views there", "here", "bounce % there", "here",
)  # fmt: skip


@dataclass(frozen=True)
class Day:
    """The numbers of a day here, and the same numbers counted in other ways."""

    day: date
    visitors: int
    sessions: int
    views: int
    bounces: int
    bot_visitors: int
    bot_views: int
    utc_visitors: int
    utc_bot_visitors: int
    over_midnight: int
    engaged_bounces: int

    @property
    def bounce_rate(self) -> float:
        return _rate(self.bounces, self.sessions)


def compare(settings: Settings, file: Path, project_id: str) -> None:
    """Print the comparison. Raises `Refused` and `Unavailable`."""
    old = read_old_numbers(file)
    registry = open_registry(settings)
    try:
        project = find_project(registry, project_id)
    finally:
        registry.close()
    zone = project.timezone
    with connect(settings, "query", shard=project.shard) as warehouse:
        days = read_days(warehouse, project_id, zone, old[0].day, old[-1].day)
    rows = [_row(there, days.get(there.day)) for there in old]
    show_table(f"{file.name} beside {project_id}", COLUMNS, rows)
    for there in old:
        if why := _why(there, days.get(there.day), zone):
            console.print(f"{there.day}  {why}", highlight=False, soft_wrap=True)
    console.print(
        f"Days are {zone}'s here. A reason is named when counting that way comes nearest to the number there.",
        highlight=False,
    )


def read_days(warehouse: Warehouse, project_id: str, zone: str, first: date, last: date) -> dict[date, Day]:
    values = {"project": project_id, "zone": zone, "first": first, "last": last}
    return {row["day"]: Day(**row) for row in warehouse.rows(OURS, values, {"join_use_nulls": 0})}


def reasons(there: OldDay, here: Day, zone: str) -> Iterator[str]:
    """Yield the known reasons for which the numbers differ; nothing for equal numbers."""
    bots = f"bots count there ({here.bot_visitors} visitors, {here.bot_views} views)"
    utc = f"days are UTC's there, not {zone}'s"
    if there.visitors is not None:
        other = {bots: here.visitors + here.bot_visitors, utc: here.utc_visitors}
        other[f"{bots}, and {utc}"] = here.utc_visitors + here.utc_bot_visitors
        yield from _nearest("visitors", there.visitors, here.visitors, other)
    if there.views is not None:
        yield from _nearest("views", there.views, here.views, {bots: here.views + here.bot_views})
    if there.sessions is not None:
        other = {
            f"sessions end at midnight there ({here.over_midnight} went on)": here.sessions + here.over_midnight,
            bots: here.sessions + here.bot_visitors,
        }
        yield from _nearest("sessions", there.sessions, here.sessions, other)
    if there.bounce_rate is not None:
        engaged = f"a visit with other events is not a bounce there ({here.engaged_bounces})"
        other_rate = {engaged: _rate(here.bounces - here.engaged_bounces, here.sessions)}
        yield from _nearest("bounces", there.bounce_rate, here.bounce_rate, other_rate)


def _nearest(number: str, there: float, here: float, others: Mapping[str, float]) -> Iterator[str]:
    if abs(there - here) <= SAME * max(there, here):
        return
    reason = min(others, key=lambda each: abs(others[each] - there))
    is_near = abs(others[reason] - there) < abs(here - there) / 2
    yield f"{number}: {reason if is_near else 'not known'}"


def _row(there: OldDay, here: Day | None) -> tuple[object, ...]:
    ours = (here.visitors, here.sessions, here.views, here.bounce_rate) if here else (None, None, None, None)
    pairs = zip((there.visitors, there.sessions, there.views, there.bounce_rate), ours, strict=True)
    return (there.day.isoformat(), *(value for pair in pairs for value in pair))


def _why(there: OldDay, here: Day | None, zone: str) -> str:
    return "; ".join(reasons(there, here, zone)) if here else "no events here: not imported, or not built"


def _rate(bounces: int, sessions: int) -> float:
    return 100 * bounces / sessions if sessions else 0.0
