"""Whatever is asked of whichever project: an answer without NaN or a refusal, never a broken service."""

import json
from collections.abc import Callable, Iterator
from itertools import product
from random import Random
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from event_lens.contract.columns import PROFILE_COLUMNS, QUESTION_COLUMNS
from event_lens.contract.filters import OPERATORS
from event_lens.errors import Refused
from query.paging import write_cursor
from query.periods import INTERVALS
from query.report import Report
from query.reports import REPORTS
from query.reports.measures import METRICS
from tests.unit.query.examples import bound, ids_of, needed, request
from tests.unit.query.sample_projects import HOSTILE

Ask = Callable[..., httpx.Response]
QUESTIONS_ASKED = 150
PROJECTS = ("random", "shop", "berlin", "kolkata", "one", "empty", "people")
INSTANTS: tuple[str, ...] = (
    *("1970-01-02", "1970-01-01", "2026-03-29", "2026-05-05T10:10:00Z", "2026-10-25T02:30", "2099-12-31", "2148-12-31"),
    *("2149-01-01", "0001-01-01", "2026-02-30", "9999-12-31", "now", "", "2026-05-05T10:10:00.123456+05:30"),
)
RANGES = ("today", "yesterday", "7d", "90min", "36h", "12w", "6m", "80y", "lastMonth", "yearToDate", "0d", "week")
VALUES = ("", "a", "/", "DE", "0", "7", "-1.5", "1e308", "true", "\u0000", "ä", "[", "(?i)A|B", "x" * 5000, HOSTILE)
WORDS = ("", "a", "order", "screen_view", "ann", "buyers", "buying", "orders", "/", "device:d1", "1", "%2F", HOSTILE)
CHOICES: dict[str, tuple[str, ...]] = {
    "startDate": INSTANTS,
    "endDate": INSTANTS,
    "range": RANGES,
    "compare": ("previous", "year", "next"),
    "interval": (*INTERVALS, "minute"),
    "limit": ("1", "3", "10000", "0", "x"),
    "by": ("device", "profile", "session", "country", "region", "city", "channel", "campaign"),
    "period": ("day", "week", "month", "year"),
    "periods": ("1", "12", "400", "401"),
    "mode": ("first", "recurring"),
    "criteria": ("on", "on_or_after"),
    "model": ("linear", "first,last", "none"),
    "maxSteps": ("1", "2", "20", "21"),
    "asOf": INSTANTS,
    "sort": ("last_seen_at", "name", "revenue", "event_count", "profile_count", "group_id"),
    "order": ("asc", "desc", "up"),
    "metric": ("active_users", "sessions", "events", "revenue", "mood"),
    "freshness": ("live", "built", "old"),
}


def columns(random: Random) -> str:
    return random.choice(
        [*QUESTION_COLUMNS, *QUESTION_COLUMNS, *PROFILE_COLUMNS, "properties.plan", "properties.n", "x"]
    )


def filters(random: Random) -> list[dict[str, Any]]:
    return [
        {
            "name": columns(random),
            "operator": random.choice(OPERATORS),
            "value": [random.choice(VALUES) for _ in range(random.choice((0, 1, 1, 1, 2)))],
        }
        for _ in range(random.choice((1, 1, 2, 3)))
    ]


def cursors(random: Random) -> str:
    parts: list[Any] = [0, 1_750_000_000_000, 1.5, -1, None, True, "", "a", "desc", "last_seen_at", "1", [], ["", "a"]]
    return write_cursor(*(random.choice(parts) for _ in range(random.randrange(5))))


def query_string(random: Random, report: Report[Any]) -> dict[str, str]:
    """Some of what the report takes, half of it beyond what can be meant."""
    written = dict(needed(report))
    for field in msgspec.structs.fields(report.parameters):
        name = field.encode_name
        if name not in written and random.random() < 0.6:
            continue
        if name == "filters":
            written[name] = json.dumps(filters(random))
        elif name == "breakdown" or (name == "by" and report.name == "breakdown"):
            written[name] = ",".join(columns(random) for _ in range(random.randrange(1, 4)))
        elif name == "cursor":
            written[name] = cursors(random)
        elif name == "session":
            written[name] = random.choice((written[name], "0", "1", "x"))
        elif name not in needed(report) or random.random() < 0.3:
            written[name] = random.choice(CHOICES.get(name, WORDS))
    try:
        return bound(report.name, written)
    except Refused:
        return written


def body(random: Random, name: str) -> dict[str, Any]:
    dates = {key: random.choice(INSTANTS) for key in ("startDate", "endDate") if random.random() < 0.4}
    if name == "query":
        own: dict[str, Any] = {
            "metrics": random.sample(METRICS, random.randrange(1, 4)),
            "dimensions": [columns(random) for _ in range(random.randrange(3))],
            "interval": random.choice((None, *INTERVALS)),
            "order": random.choice((None, "people", "-bounce_rate", "date", "-country")),
        }
    else:
        steps = [{"name": random.choice("abc"), "filters": filters(random)[: random.randrange(2)]} for _ in range(3)]
        own = {
            "steps": steps,
            "by": random.choice(("device", "profile", "session")),
            "order": random.choice(("ordered", "strict", "any")),
            "window_seconds": random.choice((1, 3600, None)),
        }
    return own | {"filters": filters(random)[: random.randrange(3)]} | dates


def random_questions(random: Random) -> Iterator[tuple[str, str, Any, dict[str, str]]]:
    """Project, address, body and query string."""
    while True:
        report = random.choice(list(REPORTS.values()))
        project = random.choice(PROJECTS)
        if report.has_body:
            yield project, report.name, body(random, report.name), {}
            continue
        written = query_string(random, report)
        parts = {part: quote(written.pop(part), safe="") or "x" for part in report.in_address}
        yield project, report.name.format(**parts), None, written


def check(response: httpx.Response, asked: object) -> None:
    """An answer or a refusal of one shape, in JSON as its standard has it."""
    assert response.status_code in (200, 400, 404), (asked, response.text)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in the answer to {asked}")

    told = json.loads(response.text, parse_constant=refuse)
    assert set(told) == {"error"} if response.status_code != 200 else {"data", "meta"} <= set(told)


def test_random_questions_are_answered_or_refused(ask: Ask) -> None:
    answered = set()
    questions = random_questions(Random(12))
    for _, (project, address, written, parameters) in zip(range(QUESTIONS_ASKED), questions, strict=False):
        response = ask(project, address, written, **parameters)
        check(response, (project, address, written, parameters))
        if response.status_code == 200:
            answered.add(address.split("/")[0])
    assert len(answered) > 12  # so the questions are not all beyond what can be meant


@pytest.mark.parametrize("project", ["empty", "one"])
def test_every_report_answers_about_1970_the_future_and_one_day(ask: Ask, project: str) -> None:
    days = ("1970-01-10", "2099-12-31", "2026-03-10")
    for name, day in product(REPORTS, days):
        address, written, parameters = request(name)
        given = parameters if written is None else written
        if "startDate" in given:
            given |= {"startDate": day, "endDate": day}
        elif day != days[0]:
            continue
        response = ask(project, address, written, **parameters)
        check(response, (project, name, day))
        assert response.status_code == (404 if ids_of(REPORTS[name]) else 200), (name, day, response.text)
