"""Where did visits come from, on which devices, and from which places? Sessions by a dimension of their first event."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec

from query.conditions import rollup_rows, session_rows
from query.errors import choose
from query.parameters import LiveListParameters, one_of
from query.question import Data, Question, rows_as_they_are
from query.report import Asked, Report, over_period
from query.report_context import ProjectScope, ReportContext, read_ask
from query.reports.value_visits import IS_WHOLE, from_visits, visit_rows, visitors
from query.shapes import Shape
from query.statement import Bindings, Row
from query.tables import decide_table, source_of

VISITED = """
SELECT {columns}, session_count AS sessions, visitor_count AS unique_visitors, {is_whole} AS is_whole
FROM
(
    SELECT {texts}, sum(visits) AS session_count, {visitors} AS visitor_count
    FROM lens_staging.int_value_visits
    WHERE {rows}
    GROUP BY value
)
ORDER BY sessions DESC, {columns}
LIMIT {limit}
"""

# Rollups keep days whose sessions have expired.
ROLLED_UP = """
SELECT
    {columns},
    sum(sessions) AS session_count,
    uniqCombined64Merge(unique_visitors_state) AS visitor_count
"""

FROM_FACTS = """
SELECT
    {columns},
    count() AS session_count,
    uniqExact(device_id) AS visitor_count
"""

RANKED = """
SELECT {columns}, session_count AS sessions, visitor_count AS unique_visitors
FROM ({measured} FROM {source} WHERE {rows} GROUP BY {columns})
WHERE {is_shown}
ORDER BY sessions DESC, {columns}
LIMIT {limit}
"""


@dataclass(frozen=True)
class Dimension:
    """The columns by which sessions are grouped, the rollup that holds them, and the condition for the groups that are
    shown.
    """

    subject: str
    columns: tuple[str, ...]
    is_shown: str = "1"


DIMENSIONS: dict[str, Dimension] = {
    "referrers": Dimension("sources", ("referrer_name", "referrer_type")),
    "utm": Dimension(
        "sources",
        ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
        "notEmpty(concat(utm_source, utm_medium, utm_campaign, utm_term, utm_content))",
    ),
    "devices": Dimension("devices", ("device",)),
    "browsers": Dimension("devices", ("browser",)),
    "os": Dimension("devices", ("os",)),
    "country": Dimension("places", ("country",)),
    "region": Dimension("places", ("country", "region")),
    "city": Dimension("places", ("country", "region", "city")),
}

PLACES = ("country", "region", "city")


def origins(ask: ReportContext, name: str) -> Question:
    """Ask for rows with the columns of `DIMENSIONS[name]`, `sessions` and `unique_visitors`; the row with the most
    sessions comes first.
    """
    dimension = DIMENSIONS[name]
    table = decide_table(dimension.subject, finest=ask.period.grain, has_filters=ask.needs_facts)
    if table == "sessions":
        return _ranked(ask, dimension, table)
    bindings = Bindings()
    sql = VISITED.format(
        columns=", ".join(dimension.columns),
        texts=", ".join(f"any(texts)[{place}] AS {column}" for place, column in enumerate(dimension.columns, 1)),
        visitors=visitors(ask, bindings),
        is_whole=IS_WHOLE.format(
            source=source_of(table), rows=f"{rollup_rows(ask, table, bindings)} AND {dimension.is_shown}"
        ),
        rows=visit_rows(ask, name, bindings),
        limit=bindings.bind(ask.limit, "UInt32"),
    )

    def shape(rows: list[Row]) -> Data:
        return [{key: value for key, value in row.items() if key != "is_whole"} for row in rows]

    return replace(from_visits(_ranked(ask, dimension, table), bindings.statement(sql)), shape=shape)


def _ranked(ask: ReportContext, dimension: Dimension, table: str) -> Question:
    """Ask the rollup or the sessions, in which visitors must be merged or counted."""
    bindings = Bindings()
    columns = ", ".join(dimension.columns)
    is_rollup = table != "sessions"
    sql = RANKED.format(
        columns=columns,
        measured=(ROLLED_UP if is_rollup else FROM_FACTS).format(columns=columns),
        source=source_of(table),
        rows=rollup_rows(ask, table, bindings) if is_rollup else session_rows(ask, bindings),
        is_shown=dimension.is_shown,
        limit=bindings.bind(ask.limit, "UInt32"),
    )
    return Question(table, bindings.statement(sql), rows_as_they_are, ask.subject.zone.key)


class GeoParameters(LiveListParameters, kw_only=True):
    """The period, the filters, the number of rows, and the kind of place."""

    by: Annotated[str, one_of(PLACES)] = "country"


class Referrer(Shape):
    """A site from which visits came."""

    referrer_name: str
    referrer_type: str
    sessions: int
    unique_visitors: int


class Campaign(Shape):
    """The campaign parameters with which visits began."""

    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_term: str
    utm_content: str
    sessions: int
    unique_visitors: int


class Device(Shape):
    """A kind of device."""

    device: str
    sessions: int
    unique_visitors: int


class Browser(Shape):
    """A browser."""

    browser: str
    sessions: int
    unique_visitors: int


class System(Shape):
    """An operating system."""

    os: str
    sessions: int
    unique_visitors: int


class Place(Shape, kw_only=True):
    """A place, as detailed as `by` asks."""

    country: str
    region: str | msgspec.UnsetType = msgspec.UNSET
    city: str | msgspec.UnsetType = msgspec.UNSET
    sessions: int
    unique_visitors: int


def _ask_geo(subject: ProjectScope, parameters: GeoParameters, now_ms: int) -> Asked:
    place = choose("by", parameters.by, PLACES)
    return origins(read_ask(subject, parameters, now_ms), place), None


def _report(name: str, summary: str, row: type[Shape]) -> Report[LiveListParameters]:
    return Report(name, summary, LiveListParameters, over_period(lambda ask: origins(ask, name)), list[row])  # type: ignore[valid-type]


ORIGINS: tuple[Report[Any], ...] = (
    _report("referrers", "Visits by the site they came from.", Referrer),
    _report("utm", "Visits by campaign.", Campaign),
    _report("devices", "Visits by kind of device.", Device),
    _report("browsers", "Visits by browser.", Browser),
    _report("os", "Visits by operating system.", System),
    Report("geo", "Visits by place.", GeoParameters, _ask_geo, list[Place]),
)
