"""The questions of the bench: every report, some with filters and options, and plain SQL over raw events for
comparison.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from query.report import Report
from query.reports import REPORTS

CHROME = {"filters": json.dumps([{"name": "browser", "operator": "is", "value": ["Chrome"]}])}
PURCHASES = {"filters": json.dumps([{"name": "name", "operator": "is", "value": ["purchase"]}])}
STEPS = [{"name": "screen_view"}, {"name": "add_to_cart"}, {"name": "purchase"}]

GIVEN: dict[str, dict[str, Any]] = {
    "metrics": {},
    "breakdown": {"by": "country"},
    "retention": {"period": "week"},
    "funnel": {"steps": STEPS},
    "query": {"metrics": ["total_events", "bounce_rate"], "dimensions": ["path"], "limit": 100},
    "groups": {},
    "paths": {},
    "profiles": {"sort": "revenue"},
    "profiles/{profile}/timeline": {},
    "sessions": {},
    "sessions/{session}": {},
    "attribution": {},
    "retentions/{retention}": {"period": "week"},
    "cohorts": {},
    "cohorts/{cohort}/members": {},
    "cohorts/{cohort}/behaviour": {"metric": "events", "interval": "week"},
}
"""The parameters of reports whose example does not fit this shop, without ids and the period."""

VARIED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("metrics, browser is Chrome", "metrics", CHROME),
    ("timeseries, browser is Chrome", "timeseries", CHROME),
    ("pages, browser is Chrome", "pages", CHROME),
    ("metrics, name is purchase", "metrics", PURCHASES),
    ("breakdown by path", "breakdown", {"by": "path"}),
    ("funnel, strict", "funnel", {"order": "strict"}),
    ("funnel, in any order", "funnel", {"order": "any"}),
    ("retention by device", "retention", {"by": "device"}),
)
"""Further questions: their name, their report, and their parameters in addition to those above."""

ROWS = "lens_raw.events WHERE project_id = {project:String} AND created_at >= {first:Date} AND created_at < {end:Date}"

# Sessions split by a pause of half an hour only; this plain SQL leaves out all other rules of sessions.
RAW_METRICS = f"""
SELECT sum(views), sum(events), count(), uniqExact(profile), sum(revenue),
    sum(arrayCount(pause -> pause >= 1800, pauses) + 1) AS sessions
FROM (
    SELECT device_id, countIf(name = 'screen_view') AS views, count() AS events, max(profile_id) AS profile,
        sum(revenue) AS revenue, arrayDifference(arraySort(groupArray(toUnixTimestamp(created_at)))) AS pauses
    FROM {ROWS}
    GROUP BY device_id
)
"""
RAW_BY_DAY = f"""
SELECT toDate(created_at) AS day, uniqExact(device_id), countIf(name = 'screen_view'), count(), sum(revenue)
FROM {ROWS} GROUP BY day ORDER BY day
"""
RAW_FUNNEL = f"""
SELECT level, count() FROM (
    SELECT windowFunnel(86400000)(toUInt64(toUnixTimestamp64Milli(created_at)),
        name = 'screen_view', name = 'add_to_cart', name = 'purchase') AS level
    FROM {ROWS} AND name IN ('screen_view', 'add_to_cart', 'purchase')
    GROUP BY device_id
) GROUP BY level ORDER BY level
"""
RAW_RETENTION = """
SELECT cohort, week - cohort AS later, count() FROM (
    SELECT arrayMin(weeks) AS cohort, arrayJoin(weeks) AS week FROM (
        SELECT groupUniqArray(intDiv(toRelativeDayNum(created_at) + 3, 7)) AS weeks FROM {rows} GROUP BY {entity}
    )
) GROUP BY cohort, later ORDER BY cohort, later
"""


def _top(columns: str, counted: str = "count()", more: str = "") -> str:
    return (
        f"SELECT {columns}, {counted} AS times, uniqExact(device_id) FROM {ROWS} {more} "
        f"GROUP BY {columns} ORDER BY times DESC LIMIT 100"
    )


RAW: dict[str, str] = {
    "metrics": RAW_METRICS,
    "timeseries": RAW_BY_DAY,
    "pages": _top("path", more="AND name = 'screen_view'"),
    "browsers": _top("browser"),
    "referrers": _top("referrer_name, referrer_type"),
    "metrics, browser is Chrome": RAW_METRICS.replace("GROUP BY", "AND browser = 'Chrome' GROUP BY"),
    "funnel": RAW_FUNNEL,
    "retention": RAW_RETENTION.format(rows=f"{ROWS} AND profile_id != ''", entity="profile_id"),
    "retention by device": RAW_RETENTION.format(rows=ROWS, entity="device_id"),
}
"""The statement over raw events for a question, by the question's name."""


@dataclass(frozen=True)
class Asked:
    """A question about a project over HTTP, and the name by which the table shows it."""

    name: str
    report: Report[Any]
    parameters: Mapping[str, Any]

    @property
    def target(self) -> str:
        """Return the address under the project, with the query string."""
        address = self.report.address(self.parameters)
        written = {name: value for name, value in self.parameters.items() if name not in self.report.in_address}
        return address if self.report.has_body or not written else f"{address}?{urlencode(written)}"

    @property
    def body(self) -> bytes | None:
        return json.dumps(self.parameters).encode() if self.report.has_body else None


def every_report(first: date, last: date, ids: Mapping[str, str]) -> list[Asked]:
    """Return every report over the days from `first` to `last`, and its variants; `ids` maps parameters to ids."""
    plain = [Asked(report.name, report, _parameters(report, first, last, ids)) for report in REPORTS.values()]
    month = _parameters(REPORTS["metrics"], last - timedelta(days=29), last, ids)
    return [
        *plain,
        Asked("metrics of 30 days", REPORTS["metrics"], month),
        *(
            Asked(name, REPORTS[report], _parameters(REPORTS[report], first, last, ids) | more)
            for name, report, more in VARIED
        ),
    ]


def of_cards(first: date, last: date) -> list[Asked]:
    """Return the questions that a page with cards asks about a project over those days."""
    names = ("metrics", "timeseries", "pages", "referrers", "browsers", "geo")
    return [Asked(name, REPORTS[name], _parameters(REPORTS[name], first, last, {})) for name in names]


def funnel(first: date, last: date, window_seconds: int) -> Asked:
    """Return a funnel of three steps within a window."""
    parameters = _parameters(REPORTS["funnel"], first, last, {}) | {"window_seconds": window_seconds}
    return Asked("funnel", REPORTS["funnel"], parameters)


def _parameters(report: Report[Any], first: date, last: date, ids: Mapping[str, str]) -> dict[str, Any]:
    taken = {field.encode_name for field in msgspec.structs.fields(report.parameters)}
    period = {"startDate": first.isoformat(), "endDate": last.isoformat(), "asOf": last.isoformat()}
    given = {**period, **GIVEN.get(report.name, report.example), **ids}
    return {name: value for name, value in given.items() if name in taken}
