"""The public tables, each with the question that reads it and the reference that answers it."""

import json
from collections.abc import Callable
from typing import Any

from event_lens.warehouse.connection import Warehouse
from tests.spec.reference import profiles, returns, rollups
from tests.spec.reference.people import identities
from tests.spec.reference.profiles import leaves, person
from tests.spec.reference.rollups import Answer
from tests.spec.reference.sessions import History, Session

_METRICS = "unique_visitors, people, sessions, screen_views, events, bounces, duration_seconds, toFloat64(revenue)"

_EDGE = "day, path, sessions, unique_visitors, bounces, duration_seconds"


def _ms(column: str) -> str:
    return f"toUnixTimestamp64Milli(toDateTime64({column}, 3, 'UTC'))"


QUESTIONS: dict[str, str] = {
    "events": f"""select toString(event_id), {_ms("received_at")}, local_day, {_ms("hour")}, name, device_id,
        session_day, is_session_start, profile_id, is_identified from lens.events""",
    "sessions": f"""select device_id, {_ms("started_at")}, day, {_ms("ended_at")}, {_ms("hour")}, duration_seconds,
        client_session_id, profile_id, is_identified, screen_view_count, event_count, is_bounce, entry_path, exit_path,
        toString(paths), toFloat64(revenue), referrer_type, utm_source from lens.sessions""",
    "identities": f"select device_id, profile_id, {_ms('valid_from')}, {_ms('valid_to')} from lens.identities",
    "profiles": f"""select profile_id, is_identified, {_ms("first_seen_at")}, {_ms("last_seen_at")}, session_count,
        event_count, toFloat64(revenue), email, toJSONString(properties) from lens.profiles""",
    "metrics_hourly": f"select {_ms('hour')}, {_METRICS} from lens.metrics_hourly",
    "metrics_daily": f"select day, {_METRICS} from lens.metrics_daily",
    "metrics_weekly": f"select week, {_METRICS} from lens.metrics_weekly",
    "metrics_monthly": f"select month, {_METRICS} from lens.metrics_monthly",
    "pages_daily": """select day, path, views, unique_visitors, sessions, entries, bounces, seconds, timed_views
        from lens.pages_daily""",
    "entry_pages_daily": f"select {_EDGE} from lens.entry_pages_daily",
    "exit_pages_daily": f"select {_EDGE} from lens.exit_pages_daily",
    "sources_daily": """select day, referrer_name, referrer_type, utm_source, sessions, unique_visitors, bounces,
        duration_seconds, screen_views, events, toFloat64(revenue) from lens.sources_daily""",
    "event_names_daily": "select day, name, events, unique_visitors, toFloat64(revenue) from lens.event_names_daily",
    "funnels_daily": """select funnel_id, day, step, step_name, entered, reached, median_seconds_from_previous
        from lens.funnels_daily""",
    "retention": """select period, cohort, period_number, cohort_size, retained, round(retention_rate, 9)
        from lens.retention""",
    "ingest_hourly": f"select {_ms('hour')}, received, accepted, duplicate, bot, rejected from lens.ingest_hourly",
}


def _events(history: History) -> Answer:
    answer: Answer = []
    days = {session.key: session.day for session in history.sessions}
    for event in history.events:
        answer.append(
            (
                event["event_id"],
                event["received_at"],
                event["day"],
                history.project.local_hour(event["created_at"]),
                event["name"],
                event["device_id"],
                days.get(event["session_key"]),
                event["is_start"],
                event["profile"],
                event["is_known"],
            )
        )
    return answer


def _session(history: History, session: Session) -> tuple[Any, ...]:
    first, last = session.events[0], session.events[-1]
    paths = [view["path"] for view in session.views]
    return (
        first["device_id"],
        first["created_at"],
        session.day,
        last["created_at"],
        history.project.local_hour(first["created_at"]),
        session.duration_ms // 1000,
        next((event["client_session_id"] for event in session.events if event["client_session_id"]), ""),
        person(session),
        any(event["is_known"] for event in session.events),
        len(paths),
        len(session.events),
        session.is_bounce,
        paths[0] if paths else "",
        paths[-1] if paths else "",
        str(paths[:20]).replace(", ", ","),
        rollups.money(history, session.events),
        first.get("referrer_type", ""),
        first.get("utm_source", ""),
    )


REFERENCE: dict[str, Callable[[History], Answer]] = {
    "events": _events,
    "sessions": lambda history: [_session(history, session) for session in history.sessions],
    "identities": lambda history: [
        (device, *stretch) for device, stretches in identities(history.project).items() for stretch in stretches
    ],
    "profiles": profiles.profiles,
    "metrics_hourly": rollups.metrics_hourly,
    "metrics_daily": rollups.metrics_daily,
    "metrics_weekly": rollups.metrics_weekly,
    "metrics_monthly": rollups.metrics_monthly,
    "pages_daily": rollups.pages_daily,
    "entry_pages_daily": lambda history: rollups.edge_pages(history, 0),
    "exit_pages_daily": lambda history: rollups.edge_pages(history, -1),
    "sources_daily": rollups.sources_daily,
    "event_names_daily": rollups.event_names_daily,
    "funnels_daily": returns.funnels_daily,
    "retention": returns.retention,
    "ingest_hourly": returns.ingest_hourly,
}


def modelled(warehouse: Warehouse, table: str, project_ids: list[str]) -> dict[str, Answer]:
    """What the warehouse holds in `table`, by project."""
    question = QUESTIONS[table].replace("select", "select project_id,", 1)
    answers: dict[str, Answer] = {project_id: [] for project_id in project_ids}
    for row in warehouse.rows(f"{question} where project_id in {{projects:Array(String)}}", {"projects": project_ids}):
        project_id, *values = row.values()
        if table == "profiles":
            values[-1] = _numbered(dict(leaves(json.loads(values[-1]))))
        if table == "events" and not values[5]:
            values[6] = None
        answers[project_id].append(tuple(values))
    return answers


def _numbered(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        path: float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for path, value in sorted(properties.items())
    }
