"""How late did events come? Their delays, and which days each of the last builds recounted because of late events."""

from query.conditions import event_rows
from query.freshness import as_instant
from query.parameters import FilteredParameters
from query.question import Data, Question, percent
from query.report import Report, over_period
from query.report_context import ReportContext
from query.shapes import Date, DateTime, Percent, Shape
from query.statement import Bindings, Row

MINUTE, HOUR, DAY = 60, 3_600, 86_400
EDGES = (0, MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR, 6 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY)
"""The lower bounds of the histogram's bars, in seconds; the last bar has no upper bound."""

NOTES = (
    "What an import brought is not late; it is in `imported`.",
    "`builds` has all events of the project, whatever the period and the filters.",
    "Builds are those of the last 7 days. Days that were over when their events were received are counted as late.",
)

# The builds, from their plans and the raw tables; copies and bots are included, since they are received as well.
SQL = """
WITH planned AS
(
    SELECT DISTINCT build_id, batch_id
    FROM lens_staging.planned_batches
    WHERE batch_id != '' AND planned_at >= now64(3) - INTERVAL 7 DAY
),
received AS
(
    SELECT
        batch_id,
        toDate(toTimeZone(created_at, {zone})) AS event_day,
        toDate(toTimeZone(received_at, {zone})) AS receive_day,
        count() AS event_count
    FROM lens_raw.kept_events
    WHERE project_id = {project} AND batch_id IN (SELECT batch_id FROM planned)
    GROUP BY batch_id, event_day, receive_day
),
-- A build that is marked again after it was killed stands there twice.
finished AS
(
    SELECT build_id, max(finished_at) AS last_finished_at FROM lens_staging.builds GROUP BY build_id
)
SELECT
    if(import_id = '', 'bar', 'imported') AS kind,
    toInt64(roundDown(intDiv(dateDiff('millisecond', created_at, received_at), 1000), {edges})) AS edge,
    '' AS build_id,
    toInt64(0) AS finished_ms,
    count() AS events,
    toUInt64(0) AS late_events,
    [] AS late_days
FROM lens.events
WHERE {rows}
GROUP BY kind, edge
UNION ALL
SELECT
    'build',
    0,
    build_id,
    toUnixTimestamp64Milli(max(last_finished_at)),
    sum(event_count),
    sumIf(event_count, event_day < receive_day),
    arraySort(groupUniqArrayIf(toString(event_day), event_day < receive_day))
FROM received
INNER JOIN planned USING (batch_id)
INNER JOIN finished USING (build_id)
GROUP BY build_id
"""


def lateness(ask: ReportContext) -> Question:
    """Ask for `{histogram: [{from_seconds, to_seconds, events, share}], imported, builds: [{build_id, ...}]}`.

    `share` is a percentage of all events except imported events. Each build has the time of its end, the events of its
    batches, how many of them were late, and the local days that it recounted because of these.
    """
    bindings = Bindings()
    sql = SQL.format(
        rows=event_rows(ask, bindings),
        zone=bindings.bind(ask.subject.zone.key, "String"),
        project=bindings.bind(ask.subject.project_id, "String"),
        edges=bindings.bind(list(EDGES), "Array(Int64)"),
    )
    return Question("events", bindings.statement(sql), _shape, ask.subject.zone.key, notes=NOTES)


def _shape(rows: list[Row]) -> Data:
    bars = {row["edge"]: row["events"] for row in rows if row["kind"] == "bar"}
    total = sum(bars.values())
    builds = sorted((row for row in rows if row["kind"] == "build"), key=lambda row: -row["finished_ms"])
    return {
        "histogram": [
            {
                "from_seconds": start,
                "to_seconds": end,
                "events": bars.get(start, 0),
                "share": percent(bars.get(start, 0), total),
            }
            for start, end in zip(EDGES, [*EDGES[1:], None], strict=True)
        ],
        "imported": sum(row["events"] for row in rows if row["kind"] == "imported"),
        "builds": [
            {
                "build_id": row["build_id"],
                "finished_at": as_instant(row["finished_ms"]),
                "events": row["events"],
                "late_events": row["late_events"],
                "revised_days": row["late_days"],
            }
            for row in builds
        ],
    }


class Delay(Shape):
    """The events whose delay is between two bounds. `to_seconds` is null for the last row; `share` is null when there
    are no events.
    """

    from_seconds: int
    to_seconds: int | None
    events: int
    share: Percent | None


class Revision(Shape):
    """A build, and the local days that it recounted because of late events."""

    build_id: str
    finished_at: DateTime
    events: int
    late_events: int
    revised_days: list[Date]


class Lateness(Shape):
    """The delays of events, and the builds that recounted days because of late events."""

    imported: int
    builds: list[Revision]
    histogram: list[Delay]


LATENESS = Report(
    "lateness",
    "How late events came, and which days builds recounted because of them.",
    FilteredParameters,
    over_period(lateness),
    Lateness,
)
