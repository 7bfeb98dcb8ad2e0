"""What became of everything that was sent? The ledger: received = accepted + duplicate + bot + rejected."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from query.conditions import rollup_rows
from query.parameters import PeriodParameters, one_of
from query.periods import INTERVALS, Interval, read_interval
from query.question import Data, Question
from query.report import Asked, Report
from query.report_context import ProjectScope, ReportContext, read_ask
from query.shapes import BucketStart, Shape
from query.statement import Bindings, Row

CLASSES = ("received", "accepted", "duplicate", "bot", "rejected")

SQL = """
SELECT
    {bucket} AS bucket,
    sum(received) AS received,
    sum(accepted) AS accepted,
    sum(duplicate) AS duplicate,
    sum(bot) AS bot,
    sum(rejected) AS rejected
FROM lens.ingest_hourly
WHERE {rows} AND hour >= toDateTime({start}, 'UTC') AND hour < toDateTime({end}, 'UTC')
GROUP BY bucket
"""

LEDGER_ZONE = ZoneInfo("UTC")


def ingest(ask: ReportContext, interval: Interval) -> Question:
    """Ask for `{date, received, accepted, duplicate, bot, rejected}` of every bucket, by UTC time of receipt.

    The ledger has whole hours: if the period cuts through an hour, the hours that start in the period count. `ask` must
    be in UTC.
    """
    bindings = Bindings()
    bucket = {
        "hour": "toString(toUnixTimestamp(hour))",
        "day": "toString(day)",
        "week": "toString(toMonday(day))",
        "month": "toString(toStartOfMonth(day))",
        "quarter": "toString(toStartOfQuarter(day))",
    }[interval]
    sql = SQL.format(
        bucket=bucket,
        rows=rollup_rows(ask, "ingest_hourly", bindings),
        start=bindings.bind(ask.period.start // 1000, "Int64"),
        end=bindings.bind(ask.period.end // 1000, "Int64"),
    )

    def shape(rows: list[Row]) -> Data:
        found = {row["bucket"]: row for row in rows}
        return [
            {"date": date} | {name: found.get(key, {}).get(name, 0) for name in CLASSES} for key, date in dates.items()
        ]

    if interval == "hour":
        seconds = [hour // 1000 for hour in ask.period.hours()]
        dates = {str(second): datetime.fromtimestamp(second, UTC).isoformat() for second in seconds}
    else:
        dates = {day.isoformat(): day.isoformat() for day in ask.period.days(interval)}
    return Question("ingest_hourly", bindings.statement(sql), shape, LEDGER_ZONE.key)


class IngestParameters(PeriodParameters, kw_only=True):
    """The period, in UTC, and the length of a bucket."""

    interval: Annotated[str, one_of(INTERVALS)] = "day"


class Received(Shape):
    """The rows received in a bucket, by their class in the ledger."""

    date: BucketStart
    received: int
    accepted: int
    duplicate: int
    bot: int
    rejected: int


def _ask(subject: ProjectScope, parameters: IngestParameters, now_ms: int) -> Asked:
    ledger = replace(subject, zone=LEDGER_ZONE)
    return ingest(read_ask(ledger, parameters, now_ms), read_interval(parameters.interval)), None


INGEST = Report(
    "ingest",
    "The ledger: events received, accepted, duplicate, a bot's and rejected.",
    IngestParameters,
    _ask,
    list[Received],
)
