"""Retention: who comes back, counted from the first time or from every time."""

from typing import Any

from tests.spec.cases.case import Case
from tests.spec.rows import Project

WEEKS = """select toString(cohort), period_number, cohort_size, retained, retained_on_or_after,
        round(retention_rate, 1), round(retention_rate_on_or_after, 1)
    from lens.retention
    where project_id = {project:String} and retention_id = '' and mode = 'first' and period = 'week'
    order by cohort, period_number"""
RECURRING = """select toString(cohort), period_number, cohort_size, retained, retained_on_or_after
    from lens.retention
    where project_id = {project:String} and retention_id = '' and mode = 'recurring' and period = 'week'
    order by cohort, period_number"""
MONTHS = """select mode, toString(cohort), period_number, cohort_size, retained, retained_on_or_after
    from lens.retention
    where project_id = {project:String} and retention_id = '' and period = 'month'
        and period_number in (0, 1, 24, 25, 26)
    order by mode, cohort, period_number"""
DEFINED = """select retention_id, toString(cohort), period_number, cohort_size, retained, retained_on_or_after
    from lens.retention
    where project_id = {project:String} and retention_id != '' and mode = 'first' and period = 'day'
    order by retention_id, cohort, period_number"""


def weeks(project: Project) -> None:
    """2 February 2026 is a Monday."""
    for device, days in (("a", ("02", "03", "10", "24")), ("b", ("08",)), ("c", ("11", "16"))):
        for day in days:
            project.view(f"2026-02-{day} 10:00", device=device)
    project.view("2026-02-02 10:00", device="salted", device_kind="derived")
    project.view("2026-02-02 10:00", device="known", device_kind="derived", profile_id="ann")


def two_years(project: Project) -> None:
    project.view("2025-01-15 10:00")
    project.view("2026-12-15 10:00")
    project.view("2025-01-15 10:00", device="d2")
    project.view("2027-03-15 10:00", device="d2")


def sign_up_and_buy(project: Project) -> None:
    """The order of the sign-up and a purchase on one day does not matter; a purchase before it counts for nothing."""
    for profile, name, at in (
        ("ann", "buy", "01 10:00"),
        ("ann", "signup", "02 10:00"),
        ("ann", "buy", "02 09:00"),
        ("ann", "buy", "04 10:00"),
        ("ann", "view", "07 10:00"),
        ("ben", "signup", "02 10:00"),
        ("ben", "view", "03 10:00"),
        ("ben", "signup", "05 10:00"),
        ("cem", "buy", "02 10:00"),
    ):
        project.event(f"2026-02-{at}", name, f"device of {profile}", profile_id=profile)


def returning(retention_id: str, start_event: str, return_event: str) -> dict[str, Any]:
    events = {"start_event": start_event, "return_event": return_event}
    return {"retention_id": retention_id, "name": retention_id, **events}


CASES = {
    "retention": Case(
        "Cohorts of the first week, up to the last return; derived devices without a person are left out.",
        weeks,
        WEEKS,
        [
            ("2026-02-02", 0, 3, 3, 3, 100.0, 100.0),
            ("2026-02-02", 1, 3, 1, 1, 33.3, 33.3),
            ("2026-02-02", 2, 3, 0, 1, 0.0, 33.3),
            ("2026-02-02", 3, 3, 1, 1, 33.3, 33.3),
            ("2026-02-09", 0, 1, 1, 1, 100.0, 100.0),
            ("2026-02-09", 1, 1, 1, 1, 100.0, 100.0),
        ],
    ),
    "retention_recurring": Case(
        "Recurring: a profile is in the cohort of every week it was active in.",
        weeks,
        RECURRING,
        [
            ("2026-02-02", 0, 3, 3, 3),
            ("2026-02-02", 1, 3, 1, 1),
            ("2026-02-02", 2, 3, 0, 1),
            ("2026-02-02", 3, 3, 1, 1),
            ("2026-02-09", 0, 2, 2, 2),
            ("2026-02-09", 1, 2, 1, 2),
            ("2026-02-09", 2, 2, 1, 1),
            ("2026-02-16", 0, 1, 1, 1),
            ("2026-02-23", 0, 1, 1, 1),
        ],
    ),
    "retention_far": Case(
        "Recurring cohorts show 24 months; on or after counts later returns too. First cohorts show all.",
        two_years,
        MONTHS,
        [
            ("first", "2025-01-01", 0, 2, 2, 2),
            ("first", "2025-01-01", 1, 2, 0, 2),
            ("first", "2025-01-01", 24, 2, 0, 1),
            ("first", "2025-01-01", 25, 2, 0, 1),
            ("first", "2025-01-01", 26, 2, 1, 1),
            ("recurring", "2025-01-01", 0, 2, 2, 2),
            ("recurring", "2025-01-01", 1, 2, 0, 2),
            ("recurring", "2025-01-01", 24, 2, 0, 1),
            ("recurring", "2026-12-01", 0, 1, 1, 1),
            ("recurring", "2027-03-01", 0, 1, 1, 1),
        ],
    ),
    "retention_events": Case(
        "A definition names the event that makes a cohort and the event that is the return; empty is any event.",
        sign_up_and_buy,
        DEFINED,
        [
            ("any_then_buy", "2026-02-01", 0, 1, 1, 1),
            ("any_then_buy", "2026-02-01", 1, 1, 1, 1),
            ("any_then_buy", "2026-02-01", 2, 1, 0, 1),
            ("any_then_buy", "2026-02-01", 3, 1, 1, 1),
            ("any_then_buy", "2026-02-02", 0, 2, 2, 2),
            ("signup_then_any", "2026-02-02", 0, 2, 2, 2),
            ("signup_then_any", "2026-02-02", 1, 2, 1, 2),
            ("signup_then_any", "2026-02-02", 2, 2, 1, 2),
            ("signup_then_any", "2026-02-02", 3, 2, 1, 2),
            ("signup_then_any", "2026-02-02", 4, 2, 0, 1),
            ("signup_then_any", "2026-02-02", 5, 2, 1, 1),
            ("signup_then_buy", "2026-02-02", 0, 2, 2, 2),
            ("signup_then_buy", "2026-02-02", 1, 2, 0, 1),
            ("signup_then_buy", "2026-02-02", 2, 2, 1, 1),
        ],
        {
            "definitions": {
                "retention": [
                    returning("signup_then_buy", "signup", "buy"),
                    returning("signup_then_any", "signup", ""),
                    returning("any_then_buy", "", "buy"),
                ]
            }
        },
    ),
}
