"""The demo's shop over eight weeks that always end at the same instant, for questions whose answers are written down.

What the simulator sends goes through the collector's own reading and row builder, and arrives when it would have: at
once, days later, or, of the first week, by an import. Visitors have countries, by their address.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import msgspec

from cli.simulate.program import program_requests
from cli.simulate.traffic import Request, Traffic
from cli.simulate.visitors import make_visitors
from cli.simulate.visits import SITE
from collector.enrichment.context import ProjectSettings, RequestContext
from collector.enrichment.row_builder import Enricher, RowBuilder
from collector.quarantine import quarantined
from event_lens.contract.decode import decode_batch, decode_one
from event_lens.contract.parse import Rejection, Replay, parse
from event_lens.contract.rows import EventRow, QuarantineRow
from tests.spec.rows import DAY_MS, HOUR_MS, Project, moment
from tests.unit.query.sample_projects import _did, _funnel, _retention

DEMO = "demo-shop"
ZONE, CURRENCY = "Europe/Berlin", "EUR"
# A Wednesday afternoon, so that the last week has not ended.
NOW = moment("2026-06-24 15:00")
DAYS, VISITS, VISITORS, SEED = 56, 1100, 420, 1
LATE_MS = 2 * DAY_MS + 5 * HOUR_MS
IMPORTED = "old-logs"
COUNTRIES = ("DE", "DE", "DE", "FR", "GB", "GB", "KR", "")


def fill_demo(project: Project) -> None:
    """Everything that the shop was sent, and what is defined for it."""
    on_the_blog = {"name": "path", "operator": "startsWith", "value": ["/blog"]}
    readers = _did("readers", "screen_view", 1)
    readers["criteria"] = readers["criteria"].replace('"filters": []', f'"filters": [{json.dumps(on_the_blog)}]')
    project.definitions = {
        "goal": [{"goal_id": "purchase", "name": "A purchase", "event_name": "purchase", "filters": "[]"}],
        "cohort": [_did("buyers", "purchase", 1), readers | {"name": "Readers of the blog"}],
        "funnel": [_funnel("buying", "screen_view", "add_to_cart", "purchase") | {"window_seconds": 86400}],
        "retention": [_retention("bought_again", "purchase", "purchase")],
    }
    enricher = Enricher()
    for sent_ms, request in _sendings():
        _take(project, enricher, sent_ms, request)


def _sendings() -> Iterator[tuple[int, Request]]:
    """Every request and when it came."""
    traffic = Traffic(DAYS, SEED, NOW, make_visitors(Random(SEED), VISITORS))
    for visit in sorted(map(traffic.visit, range(VISITS)), key=lambda visit: visit.start_ms):
        for number, request in enumerate(visit.requests):
            happened_ms = max(_times(request), default=visit.start_ms) + 300 * (number + 1)
            yield min(happened_ms + (LATE_MS if visit.is_late else 0), NOW), request
    yield from program_requests(NOW - 9 * DAY_MS)


def _times(request: Request) -> Iterator[int]:
    """When what a request reports happened."""
    for body in request.body if isinstance(request.body, list) else [request.body]:
        if isinstance(body, dict) and isinstance(at_ms := body["payload"].get("timestamp"), int):
            yield at_ms


def _take(project: Project, enricher: Enricher, sent_ms: int, request: Request) -> None:
    is_imported = sent_ms < NOW - (DAYS - 7) * DAY_MS
    builder = enricher.builder(
        RequestContext(
            ProjectSettings(DEMO),
            sent_ms,
            {date.fromordinal(day): str(day) for day in _days_around(sent_ms)},
            date(2015, 1, 1),
            request.address,
            has_client_address=not request.is_from_server,
            user_agent=request.user_agent,
            is_verified=request.is_from_server,
            sdk_name="eventlens-simulate",
            origin="" if request.is_from_server else SITE,
            import_id=IMPORTED if is_imported else "",
        )
    )
    body = request.body if isinstance(request.body, bytes) else msgspec.json.encode(request.body)
    try:
        items: list[Any] = decode_batch(body).items if request.path.endswith("/batch") else [decode_one(body)]
    except Rejection as error:
        _keep(project, quarantined(error, builder, body=body), request)
        return
    for item in items:
        _keep(project, _row(item, builder), request)


def _row(item: Any, builder: RowBuilder) -> Any:
    try:
        parsed = parse(item)
        assert not isinstance(parsed, Replay)
        return builder.row(parsed)
    except Rejection as error:
        return quarantined(error, builder, envelope=None if isinstance(item, Rejection) else item)


def _keep(project: Project, made: Any, request: Request) -> None:
    row = msgspec.to_builtins(made)
    for name in ("created_at", "received_at"):
        if name in row:
            row[name] = round(float(row[name]) * 1000)
    row.setdefault("message_id", "")
    if isinstance(made, QuarantineRow):
        del row["message_id"]
        project.rejected.append(row)
    elif isinstance(made, EventRow):
        row["country"] = COUNTRIES[int(request.address.split(".")[2]) % len(COUNTRIES)]
        if row["country"] == "GB" and row.get("currency"):
            row["currency"] = "GBP"
        project.events.append(row)
    else:
        project.operations.append(row)


def _days_around(at_ms: int) -> range:
    day = datetime.fromtimestamp(at_ms / 1000, UTC).date().toordinal()
    return range(day - 3, day + 1)
