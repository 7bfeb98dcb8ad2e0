"""Who is a member of a cohort, and when."""

import json
from collections.abc import Callable
from typing import Any

from tests.spec.cases.case import Case
from tests.spec.rows import Project, Row, moment

MEMBERS = """select profile_id, toString(joined_at), toString(left_at) from lens.cohort_members
    where project_id = {project:String} order by profile_id, joined_at"""
MEMBERS_BY_COHORT = MEMBERS.replace("select profile_id", "select cohort_id, profile_id").replace(
    "order by", "order by cohort_id,"
)
AS_OF = """select toString(instant), groupArraySorted(9)(profile_id) from lens.cohort_members
    array join arrayMap(day -> toDateTime(concat('2026-02-', day, ' 10:00:00'), 'UTC'), ['02', '04', '09']) as instant
    where project_id = {project:String} and joined_at <= instant and instant < left_at
    group by instant order by instant"""
COHORTS = """select cohort_id, match, profile_count, toString(first_joined_at), toString(last_joined_at)
    from lens.cohorts where project_id = {project:String} order by cohort_id"""
OPEN = "2299-12-31 00:00:00.000"
FREE: dict[str, Any] = {"plan": "free"}
ANN_IS_PRO: dict[str, Any] = {"properties": {"plan": "pro"}, "email": "ann@example.org"}


def did(event: str, operator: str, value: int, within_days: int | None = None, *filters: Row) -> Row:
    count = {"operator": operator, "value": value}
    return {"event": event, "filters": list(filters), "count": count, "within_days": within_days}


def known(*filters: Row) -> Row:
    return {"profile": list(filters)}


def where(name: str, operator: str, *values: str) -> Row:
    return {"name": name, "operator": operator, "value": list(values)}


def cohort(*criteria: Row, match: str = "all") -> dict[str, Any]:
    return {"definitions": {"cohort": [defined("c", *criteria, match=match)]}}


def defined(cohort_id: str, *criteria: Row, match: str = "all") -> Row:
    return {"cohort_id": cohort_id, "name": cohort_id, "criteria": json.dumps(criteria), "match": match}


def happened(*sent: tuple[str, str, str]) -> Callable[[Project], None]:
    """Events of (device, name, moment of 2026)."""

    def send(project: Project) -> None:
        for device, name, at in sent:
            project.event(f"2026-{at}", name, device)

    return send


def orders_of_two_kinds(project: Project) -> None:
    project.event("2026-02-02 10:00", "order", revenue="9.99", properties={"plan": "pro"})
    project.event("2026-02-03 10:00", "order", revenue="10", properties={"plan": "free"})
    project.event("2026-02-04 10:00", "order", revenue="10", properties={"plan": "pro"})


def profiles_of_two_plans(project: Project) -> None:
    project.view("2026-02-01 10:00", device="d1")
    project.operation("2026-02-05 10:00", "identify", "ann", "d1", **ANN_IS_PRO)
    project.operation("2026-02-03 10:00", "identify", "ben", "d2", properties={"plan": "free"})
    project.event("2026-02-04 10:00", "order", "d2")
    project.event("2026-02-06 10:00", "order", "d1")
    project.event("2026-02-07 10:00", "order", "d3")


def plans_that_change(project: Project) -> None:
    project.operation("2026-02-02 10:00", "identify", "ann", **ANN_IS_PRO)
    project.operation("2026-02-06 10:00", "identify", "annie", properties={"plan": "pro"})
    project.operation("2026-02-04 10:00", "identify", "ann", received_at=moment("2026-02-09 10:00"), properties=FREE)
    project.operation("2026-02-08 10:00", "alias", "ann", alias="annie")
    project.operation("2026-02-07 10:00", "identify", "ben", "d2", properties=FREE)
    project.operation("2026-02-05 10:00", "identify", "ben", "d2", properties={"plan": "pro"}, email="ben@example.org")


def credits_that_change(project: Project) -> None:
    project.operation("2026-02-01 10:00", "increment", "ann", property="credits", value="1")
    project.operation("2026-02-02 10:00", "increment", "ann", property="credits", value="1.5")
    project.operation("2026-02-03 10:00", "identify", "ann", properties={"credits": 1})
    project.operation("2026-02-05 10:00", "increment", "ann", property="credits", value="1")
    project.operation("2026-02-06 10:00", "decrement", "ann", property="credits", value="0.5")


def groups_that_are_named(project: Project) -> None:
    project.event("2026-02-02 10:00", profile_id="ann")
    project.event("2026-02-03 10:00", profile_id="ann", groups=["acme", "zoo"])
    project.event("2026-02-03 11:00", profile_id="ann", groups=["zoo"])
    project.operation("2026-02-02 10:00", "identify", "ben", "d2")
    project.operation("2026-02-04 10:00", "assign_group", "ben", "d2", groups=["acme"])


def orders_on_two_days(project: Project) -> None:
    for at in ("2026-03-28 10:00", "2026-03-29 10:00", "2026-03-29 21:00"):
        project.event(at, "order", revenue="10", currency="EUR")


def switch_of_owner(project: Project) -> None:
    project.operation("2026-02-01 10:00", "identify", "ann")
    project.event("2026-02-02 10:00", "order")
    project.operation("2026-02-03 10:00", "identify", "ben")
    project.event("2026-02-04 10:00", "order")


CASES = {
    "cohort_window": Case(
        "An event counts from its instant until the window has passed, that instant excluded.",
        happened(
            *(("d1", "order", at) for at in ("02-02 10:00", "02-05 12:00", "02-08 09:00")),
            *(("d1", "order", at) for at in ("02-20 10:00", "02-27 10:00", "03-06 09:59:59.999")),
        ),
        MEMBERS,
        [
            ("device:d1", "2026-02-05 12:00:00.000", "2026-02-12 12:00:00.000"),
            ("device:d1", "2026-03-06 09:59:59.999", "2026-03-06 10:00:00.000"),
        ],
        cohort(did("order", "gte", 2, 7)),
    ),
    "cohort_meeting": Case(
        "A window that ends as the next one begins goes on; a millisecond later it begins anew.",
        happened(
            *(("d1", "order", at) for at in ("02-02 10:00", "02-09 10:00")),
            *(("d2", "order", at) for at in ("02-02 10:00", "02-09 10:00:00.001")),
        ),
        MEMBERS,
        [
            ("device:d1", "2026-02-02 10:00:00.000", "2026-02-16 10:00:00.000"),
            ("device:d2", "2026-02-02 10:00:00.000", "2026-02-09 10:00:00.000"),
            ("device:d2", "2026-02-09 10:00:00.001", "2026-02-16 10:00:00.001"),
        ],
        cohort(did("order", "gte", 1, 7)),
    ),
    "cohort_ever": Case(
        "Without a window what was done stays done; events at one instant all count.",
        happened(("d1", "order", "02-02 10:00"), ("d1", "order", "02-02 10:00"), ("d2", "order", "02-02 10:00")),
        MEMBERS,
        [("device:d1", "2026-02-02 10:00:00.000", OPEN)],
        cohort(did("order", "gte", 2)),
    ),
    "cohort_never": Case(
        "Exactly 0 holds from when a profile is first seen, and again when the window is empty.",
        happened(("d1", "screen_view", "02-02 10:00"), ("d1", "order", "02-03 10:00"), ("d2", "order", "02-02 10:00")),
        MEMBERS,
        [
            ("device:d1", "2026-02-02 10:00:00.000", "2026-02-03 10:00:00.000"),
            ("device:d1", "2026-02-10 10:00:00.000", OPEN),
            ("device:d2", "2026-02-09 10:00:00.000", OPEN),
        ],
        cohort(did("order", "eq", 0, 7)),
    ),
    "cohort_at_most": Case(
        "At most 1 holds until the second event, also before the first.",
        happened(
            ("d1", "screen_view", "02-02 10:00"),
            ("d1", "order", "02-03 10:00"),
            ("d1", "order", "02-04 10:00"),
            ("d2", "screen_view", "02-05 10:00"),
        ),
        MEMBERS,
        [
            ("device:d1", "2026-02-02 10:00:00.000", "2026-02-04 10:00:00.000"),
            ("device:d2", "2026-02-05 10:00:00.000", OPEN),
        ],
        cohort(did("order", "lte", 1)),
    ),
    "cohort_exactly": Case(
        "Exactly 2 ends with the third event, and holds again when one has left the window.",
        happened(*(("d1", "order", at) for at in ("02-02 10:00", "02-03 10:00", "02-04 10:00"))),
        MEMBERS,
        [
            ("device:d1", "2026-02-03 10:00:00.000", "2026-02-04 10:00:00.000"),
            ("device:d1", "2026-02-09 10:00:00.000", "2026-02-10 10:00:00.000"),
        ],
        cohort(did("order", "eq", 2, 7)),
    ),
    "cohort_any": Case(
        "With `any` one criterion is enough; stretches that overlap or meet are one.",
        happened(
            ("d1", "order", "02-02 10:00"),
            ("d1", "signup", "02-02 20:00"),
            ("d1", "order", "02-03 20:00"),
            ("d1", "signup", "02-06 10:00"),
        ),
        MEMBERS,
        [
            ("device:d1", "2026-02-02 10:00:00.000", "2026-02-04 20:00:00.000"),
            ("device:d1", "2026-02-06 10:00:00.000", "2026-02-07 10:00:00.000"),
        ],
        cohort(did("order", "gte", 1, 1), did("signup", "gte", 1, 1), match="any"),
    ),
    "cohort_all": Case(
        "With `all` every criterion holds at the same time.",
        happened(("d1", "order", "02-02 10:00"), ("d1", "signup", "02-02 20:00"), ("d2", "order", "02-02 10:00")),
        MEMBERS,
        [("device:d1", "2026-02-02 20:00:00.000", "2026-02-03 10:00:00.000")],
        cohort(did("order", "gte", 1, 1), did("signup", "gte", 1, 1)),
    ),
    "cohort_filters": Case(
        "Only events that fit the filters count.",
        orders_of_two_kinds,
        MEMBERS,
        [("device:d1", "2026-02-04 10:00:00.000", OPEN)],
        cohort(did("order", "gte", 1, None, where("revenue", "gte", "10"), where("properties.plan", "is", "pro"))),
    ),
    "cohort_profile": Case(
        "A profile criterion judges what was known then, so a property that is given later does not reach back.",
        profiles_of_two_plans,
        MEMBERS,
        [("ann", "2026-02-05 10:00:00.000", OPEN)],
        cohort(known(where("properties.plan", "is", "pro"), where("email", "endsWith", "@example.org"))),
    ),
    "cohort_profile_changes": Case(
        "Who changes a property leaves and comes again at the time of each operation, in whatever order they come.",
        plans_that_change,
        MEMBERS,
        [
            ("ann", "2026-02-02 10:00:00.000", "2026-02-04 10:00:00.000"),
            ("ann", "2026-02-06 10:00:00.000", OPEN),
            ("ben", "2026-02-05 10:00:00.000", "2026-02-07 10:00:00.000"),
        ],
        cohort(known(where("properties.plan", "is", "pro"), where("email", "isNotNull"))),
    ),
    "cohort_profile_increments": Case(
        "A property counts as what it had become by then; an identify sets it anew.",
        credits_that_change,
        MEMBERS,
        [
            ("ann", "2026-02-02 10:00:00.000", "2026-02-03 10:00:00.000"),
            ("ann", "2026-02-05 10:00:00.000", "2026-02-06 10:00:00.000"),
        ],
        cohort(known(where("properties.credits", "gte", "2"))),
    ),
    "cohort_profile_absent": Case(
        "A trait that is not known yet is empty, from when the profile was first seen.",
        profiles_of_two_plans,
        MEMBERS,
        [
            ("ann", "2026-02-01 10:00:00.000", "2026-02-05 10:00:00.000"),
            ("device:d3", "2026-02-07 10:00:00.000", OPEN),
        ],
        cohort(known(where("properties.plan", "isNull"))),
    ),
    "cohort_profile_groups": Case(
        "A profile is in a group from the first event or operation that names it, and stays in it.",
        groups_that_are_named,
        MEMBERS_BY_COHORT,
        [
            ("a: in", "ann", "2026-02-03 10:00:00.000", OPEN),
            ("a: in", "ben", "2026-02-04 10:00:00.000", OPEN),
            ("b: out", "ann", "2026-02-02 10:00:00.000", "2026-02-03 10:00:00.000"),
            ("b: out", "ben", "2026-02-02 10:00:00.000", "2026-02-04 10:00:00.000"),
        ],
        {
            "definitions": {
                "cohort": [
                    defined("a: in", known(where("groups", "is", "acme"))),
                    defined("b: out", known(where("groups", "isNot", "acme"))),
                ]
            }
        },
    ),
    "cohort_profile_sums": Case(
        "Events, sessions and revenue of a local day are known when it has ended.",
        orders_on_two_days,
        MEMBERS,
        [("device:d1", "2026-03-29 22:00:00.000", OPEN)],
        {"timezone": "Europe/Berlin", "currency": "EUR"}
        | cohort(
            known(where("event_count", "gte", "3"), where("session_count", "is", "3")),
            known(where("revenue", "gt", "29")),
        ),
    ),
    "cohort_profile_and_event": Case(
        "Profile and event criteria go together; who is only a device is judged as one.",
        profiles_of_two_plans,
        MEMBERS,
        [("ben", "2026-02-04 10:00:00.000", OPEN), ("device:d3", "2026-02-07 10:00:00.000", OPEN)],
        cohort(known(where("properties.plan", "isNot", "pro")), did("order", "gte", 1)),
    ),
    "cohort_owner": Case(
        "Events count for the person who owned the device at their time.",
        switch_of_owner,
        MEMBERS,
        [("ann", "2026-02-02 10:00:00.000", OPEN), ("ben", "2026-02-04 10:00:00.000", OPEN)],
        cohort(did("order", "gte", 1)),
    ),
    "cohort_as_of": Case(
        "Members as of an instant have joined by then and not left.",
        happened(("d1", "order", "02-02 10:00"), ("d2", "order", "02-04 10:00")),
        AS_OF,
        [
            ("2026-02-02 10:00:00", ["device:d1"]),
            ("2026-02-04 10:00:00", ["device:d1", "device:d2"]),
            ("2026-02-09 10:00:00", ["device:d2"]),
        ],
        cohort(did("order", "gte", 1, 7)),
    ),
    "cohort_counts": Case(
        "A cohort counts everybody who ever was in it; one that nobody joined has no dates.",
        happened(("d1", "order", "02-02 10:00"), ("d1", "order", "02-22 10:00"), ("d2", "order", "02-04 10:00")),
        COHORTS,
        [
            ("buyers", "all", 2, "2026-02-02 10:00:00.000", "2026-02-22 10:00:00.000"),
            ("nobody", "any", 0, None, None),
        ],
        {
            "definitions": {
                "cohort": [
                    defined("buyers", did("order", "gte", 1, 7)),
                    defined("nobody", did("fly", "gte", 1), match="any"),
                ]
            }
        },
    ),
}
