"""Small histories drawn by Hypothesis: a project with tens of events that meet the rules' edges often."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.reference.definitions import made_up_definitions
from tests.spec.rows import DAY_MS, HOUR_MS, Project, Row, moment

MINUTE_MS = 60_000
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Kiritimati"]
# The end of a year, and the nights on which clocks change in America, in Europe and on Lord Howe Island. There are few
# days, close together, because a build costs what its days cost.
STARTS = ["2025-12-31", "2026-03-07", "2026-03-28", "2026-04-04"]
CLOCKS = [0, 13 * HOUR_MS, 22 * HOUR_MS, DAY_MS - 10 * MINUTE_MS]
PAUSES = [
    0,
    0,
    0,
    1,
    20_000,
    10 * MINUTE_MS,
    10 * MINUTE_MS,
    30 * MINUTE_MS - 1,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    26 * HOUR_MS,
]
LATENESS = [0, 0, 0, 100, 101, 3_000, 2 * HOUR_MS, 3 * DAY_MS, 7 * DAY_MS, 7 * DAY_MS + 1, 30 * DAY_MS]
NAMES = ["screen_view", "screen_view", "screen_view", "page_view", "signup", "signup", "purchase", "session_start"]
PEOPLE = ["ann", "ben", "cem"]


def _often(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual] * 4 * len(others) + list(others))


COMMON: dict[str, st.SearchStrategy[Any]] = {
    "pause": st.sampled_from(PAUSES),
    "late": st.sampled_from(LATENESS),
    "device": st.sampled_from(["d1", "d1", "d2", "salted", "salted", ""]),
    "message": _often(0, 1, 2, 3),
    "bot_reason": _often("", "crawler:good", "crawler:bad", "empty_user_agent"),
}
EVENT = COMMON | {
    "name": st.sampled_from(NAMES),
    "path": st.sampled_from(["/", "/a", "/b", ""]),
    "profile_id": _often("", *PEOPLE),
    "client_session_id": _often("", "x", "y"),
    "revenue": _often("0", "9.99", "-1.5", "0.0001"),
    "currency": st.sampled_from(["", "EUR", "USD"]),
    "utm_source": st.sampled_from(["", "", "news", "none"]),
    "referrer_type": st.sampled_from(["direct", "search"]),
    "properties": st.sampled_from([{}, {"plan": "pro", "seats": "20"}, {"plan": "free"}]),
    "groups": _often([], ["g1"], ["g2", "g1"]),
    "body_hash": _often(0, 7),
    "import_id": _often("", "i"),
}
OPERATION = COMMON | {
    "operation": st.sampled_from(["identify", "identify", "increment", "decrement", "alias", "assign_group", "group"]),
    "profile_id": st.sampled_from(PEOPLE),
    "alias": st.sampled_from([*PEOPLE, "old"]),
    "property": st.sampled_from(["stats.visits", "credits"]),
    "value": st.sampled_from(["1", "0.5", "-3"]),
    "properties": st.sampled_from([{}, {"plan": "pro", "stats": {"visits": 2.5}}, {"stats": {"visits": "many"}}]),
    "email": st.sampled_from(["", "a@example.org", "b@example.com"]),
    "groups": st.sampled_from([["g3"], ["g1", "g4"]]),
    "group_id": st.sampled_from(["g1", "g5"]),
    "group_type": st.sampled_from(["company", "team"]),
    "group_name": st.sampled_from(["One", "Other"]),
}
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "timezone": st.sampled_from(ZONES),
    "currency": st.sampled_from(["", "EUR"]),
    "session_timeout_seconds": st.sampled_from([1800, 1800, 600, 86_400]),
    "duplicate_window_ms": st.sampled_from([0, 100]),
    "allowed_bots": st.sampled_from([[], ["crawler:good*"], ["empty_user_agent"]]),
}


@st.composite
def small_histories(draw: st.DrawFn) -> Project:
    """A project without an id."""
    project = Project("", definitions=made_up_definitions(), **draw(st.fixed_dictionaries(SETTINGS)))
    at = moment(draw(st.sampled_from(STARTS))) + draw(st.sampled_from(CLOCKS))
    kinds = st.one_of([st.fixed_dictionaries(EVENT)] * 3 + [st.fixed_dictionaries(OPERATION)])
    for row in draw(st.lists(kinds, min_size=draw(st.sampled_from([1, 8, 25])), max_size=40)):
        at += row["pause"]
        _send(project, at, row)
    for late in draw(st.lists(st.sampled_from(LATENESS), max_size=2)):
        project.reject(at + late)
    return project


def draw_histories(count: int) -> list[Project]:
    """`count` small histories, the same every time."""
    drawn: list[Project] = []

    @seed(4)
    @settings(
        max_examples=count, phases=[Phase.generate], database=None, deadline=None, suppress_health_check=[*HealthCheck]
    )
    @given(small_histories())
    def keep(project: Project) -> None:
        drawn.append(project)

    keep()
    return drawn


def renamed(project: Project, project_id: str) -> Project:
    """The same history as another project, with rows of its own."""
    return replace(
        project,
        project_id=project_id,
        events=[dict(row) for row in project.events],
        operations=[dict(row) for row in project.operations],
        rejected=[dict(row) for row in project.rejected],
    )


def _send(project: Project, at: int, row: Row) -> None:
    """A row as the collector would have landed it: the salted device has another id each UTC day."""
    fields = {
        name: value
        for name, value in row.items()
        if name not in ("pause", "late", "message", "device", "name", "operation")
    }
    device = row["device"]
    if device == "salted":
        day = at // DAY_MS
        fields["previous_device_id"] = f"s{day - 1}" if at % DAY_MS < HOUR_MS // 2 else ""
        device, fields["device_kind"] = f"s{day}", "derived"
    fields["received_at"] = at + row["late"]
    fields["is_bot"] = bool(row["bot_reason"])
    if row["message"]:
        fields |= {"message_id": f"m{row['message']}", "event_id": str(UUID(int=row["message"]))}
    if "operation" in row:
        fields["import_id"] = ""
        project.operation(at, row["operation"], fields.pop("profile_id"), device, **fields)
    else:
        if row["message"] or not device:
            fields["body_hash"] = 0
        project.event(at, row["name"], device, **fields)
