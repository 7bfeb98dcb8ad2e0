"""The funnels and retention definitions that random projects have: every order, entity, filter and window once."""

import json
from typing import Any

from tests.spec.rows import Row

DAY_SECONDS = 86_400


def one(name: str, operator: str, *value: str) -> str:
    """A list of one filter, as JSON."""
    return json.dumps([{"name": name, "operator": operator, "value": list(value)}])


def funnel(funnel_id: str, step_names: list[str], window_seconds: int, *filters: str, **fields: Any) -> Row:
    row = {"funnel_id": funnel_id, "name": funnel_id, "step_names": step_names, "window_seconds": window_seconds}
    return row | {"step_filters": list(filters)} | fields


def returning(retention_id: str, start_event: str, return_event: str) -> Row:
    return {
        "retention_id": retention_id,
        "name": retention_id,
        "start_event": start_event,
        "return_event": return_event,
    }


def random_definitions() -> dict[str, list[Row]]:
    view, signup, purchase = "screen_view", "signup", "purchase"
    pro, of_news = one("properties.plan", "is", "pro", "none"), one("utm_source", "is", "news")
    return {
        "funnel": [
            funnel("plain", [view, signup, purchase], 3 * 3600),
            funnel("again", [view, view], 600),
            funnel("far", [signup, view, purchase], 90 * DAY_SECONDS, counted_by="profile", breakdown="utm_source"),
            funnel("visits", [view, view, signup], 7200, "", pro, counted_by="session", breakdown="properties.plan"),
            funnel("strict", [view, "page_view", view], 3600, of_news, "[]", "", step_order="strict"),
            funnel(
                "strict_people",
                [view, view, purchase],
                2 * DAY_SECONDS,
                counted_by="profile",
                step_order="strict",
                breakdown="path",
            ),
            funnel("any", [purchase, signup, "page_view"], DAY_SECONDS, step_order="any"),
            funnel(
                "any_shared",
                [view, view, view, signup],
                1800,
                pro,
                of_news,
                one("properties.seats", "gt", "5"),
                step_order="any",
                counted_by="session",
                breakdown="utm_source",
            ),
            funnel(
                "not_news", [view, purchase], DAY_SECONDS, one("utm_source", "isNot", "news"), one("path", "isNull")
            ),
        ],
        "retention": [
            returning("bought", signup, purchase),
            returning("after_signup", signup, ""),
            returning("to_purchase", "", purchase),
            returning("same", purchase, purchase),
        ],
    }
