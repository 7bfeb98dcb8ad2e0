"""Seeded random projects: few devices that meet every rule often."""

from random import Random
from typing import Any
from uuid import UUID

from tests.spec.random_definitions import random_definitions
from tests.spec.rows import DAY_MS, HOUR_MS, Project, Row, moment

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago")
# In the days of the cases, and around the change of clocks in Europe (29 March) and in America (8 March).
STARTS = ("2026-01-31", "2026-03-06", "2026-03-27")
MINUTE_MS = 60_000
SHORT_MS = (0, 0, 0, 1, 1, 999, 20_000, 5 * MINUTE_MS, 25 * MINUTE_MS)
GAPS_MS = (*SHORT_MS, 30 * MINUTE_MS - 1, 30 * MINUTE_MS, 4 * HOUR_MS, 25 * HOUR_MS)
SALTED_GAPS_MS = (0, 20_000, 5 * MINUTE_MS, 10 * MINUTE_MS, 25 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS)
HANDOVER_MS = 30 * MINUTE_MS
LATENESS_MS = (0, 0, 0, 40, 3_000, 2 * HOUR_MS, 3 * DAY_MS, 9 * DAY_MS)
NAMES = ("screen_view", "screen_view", "screen_view", "page_view", "signup", "purchase", "session_start")


def random_project(project_id: str, seed: int, *, steps: int = 60) -> Project:
    """A project of 6 devices with `steps` events each, copies, operations and refusals among them."""
    random = Random(seed)
    project = Project(
        project_id,
        timezone=random.choice(ZONES),
        currency=random.choice(("", "EUR")),
        session_timeout_seconds=random.choice((1800, 1800, 3600, 86_400)),
        duplicate_window_ms=random.choice((0, 100)),
        allowed_bots=random.choice(([], ["crawler:good*"])),
        definitions=random_definitions(),
    )
    start = moment(random.choice(STARTS))
    for number in range(6):
        at = start + random.randrange(DAY_MS)
        kind = random.choice(("client", "client", "derived"))
        for _ in range(steps):
            at += random.choice(GAPS_MS)
            _something(project, random, at, f"d{number}", kind)
    for number in range(3):
        _salted(project, random, start, f"s{number}")
    return project


def _salted(project: Project, random: Random, start: int, name: str) -> None:
    """A browser that sends no device id: another derived device each UTC day, around most of eight midnights."""
    for midnight in range(start, start + 8 * DAY_MS, DAY_MS):
        if random.random() < 0.2:
            continue
        at = midnight - random.randrange(2 * HOUR_MS)
        for _ in range(12):
            at += random.choice(SALTED_GAPS_MS)
            day = at // DAY_MS
            previous = f"{name}-{day - 1}" if at % DAY_MS < HANDOVER_MS and random.random() < 0.9 else ""
            _something(project, random, at, f"{name}-{day}", "derived", previous_device_id=previous)


def _something(project: Project, random: Random, at: int, device: str, kind: str, **more: str) -> None:
    chance = random.random()
    common: dict[str, Any] = {"received_at": at + random.choice(LATENESS_MS), "device_kind": kind, **more}
    if random.random() < 0.1:
        number = random.randrange(40)
        common |= {"message_id": f"m{number}", "event_id": str(UUID(int=number + 2**100))}
    if random.random() < 0.05:
        common |= {"is_bot": True, "bot_reason": random.choice(("crawler:goodbot", "crawler:bad", "empty_user_agent"))}
    if chance < 0.06:
        _operation(project, random, at, device, common)
    elif chance < 0.08:
        project.event(at, "renewal", "", **common | {"device_kind": "server", "previous_device_id": ""})
    elif chance < 0.09:
        project.reject(at)
    else:
        row = project.event(at, random.choice(NAMES), device, **common | _details(random))
        if row["body_hash"] and random.random() < 0.5:
            copy = row | {"event_id": str(UUID(int=random.getrandbits(128)))}
            copy["received_at"] += random.choice((0, 100, 101))
            project.events.append(copy)


def _details(random: Random) -> Row:
    return {
        "path": random.choice(("/", "/a", "/b")),
        "revenue": random.choice(("0", "0", "9.99", "-1.5")),
        "currency": random.choice(("", "EUR", "USD")),
        "client_session_id": random.choice(("", "", "", "", "s1", "s2")),
        "profile_id": random.choice(("",) * 20 + ("ann", "ben", "cem")),
        "referrer_type": random.choice(("direct", "search")),
        "utm_source": random.choice(("", "news")),
        "body_hash": random.choice((0, 0, 7, 8)),
        "properties": random.choice(({}, {"plan": "free", "seats": "3"}, {"plan": "pro", "seats": "20"})),
        "groups": random.choice(([],) * 10 + (["g1"], ["g2", "g1"])),
    }


def _operation(project: Project, random: Random, at: int, device: str, common: Row) -> None:
    profile = random.choice(("ann", "ben", "cem", "dot"))
    kind = random.choice(("identify", "identify", "increment", "decrement", "alias", "assign_group", "group"))
    if kind == "identify":
        visits = random.choice((1, 2.5, "many"))
        properties = {"plan": random.choice(("free", "pro", None)), "stats": {"visits": visits}}
        common |= {"properties": properties, "email": random.choice(("", f"{profile}@example.org"))}
    elif kind == "assign_group":
        common |= {"groups": random.choice((["g3"], ["g1", "g4"]))}
    elif kind == "group":
        traits = {"plan": {"name": random.choice(("free", "pro"))}, "seats": random.choice((1, 2.5, None))}
        common |= {"group_id": random.choice(("g1", "g5")), "group_name": random.choice(("One", "Other"))}
        common |= {"group_type": random.choice(("company", "team")), "properties": traits}
    elif kind == "alias":
        common |= {"alias": random.choice(("ann", "a1", "a2", "cem"))}
    else:
        common |= {"property": random.choice(("stats.visits", "credits")), "value": random.choice(("1", "0.5", "10"))}
    project.operation(at, kind, profile, device, **common)
