"""What the touches of a conversion are, and which credit they are given."""

import json
from collections.abc import Callable
from typing import Any

from tests.spec.cases.case import Case
from tests.spec.rows import Project, Row

CREDITS = """select model, utm_source, channel, touches, round(credit, 6), round(toFloat64(revenue), 3)
    from lens.attribution where project_id = {project:String} order by goal_id, converted_at, model, utm_source"""
POSITIONS = """select utm_source, touches, round(credit, 6) from lens.attribution
    where project_id = {project:String} and model = 'position_based' order by utm_source"""
OWNERS = """select profile_id, toString(day), utm_source, channel, touches, round(credit, 6) from lens.attribution
    where project_id = {project:String} and model = 'linear' order by converted_at, utm_source"""
GOALS = """select goal_id, sum(credit), toFloat64(sum(revenue)) from lens.attribution
    where project_id = {project:String} and model = 'first' group by goal_id order by goal_id"""
MODELS = ("first", "last", "last_non_direct", "linear", "position_based", "time_decay")
MEDIUMS = {"a": "email", "b": "affiliate"}


def goals(**filters: list[Row]) -> dict[str, Any]:
    """Goals by id, each an order that fits its filters; one, of every order, when none is given."""
    rows = [
        {"goal_id": goal_id, "name": goal_id, "event_name": "order", "filters": json.dumps(listed)}
        for goal_id, listed in (filters or {"g": []}).items()
    ]
    return {"definitions": {"goal": rows}, "currency": "EUR"}


def came(project: Project, at: str, source: str = "", device: str = "d1") -> None:
    """A session of its own, by e-mail from `a`, by an affiliate from `b`, direct from ''."""
    project.view(f"2026-{at}", device=device, utm_source=source, utm_medium=MEDIUMS.get(source, source))


def came_and_bought(*sources: str) -> Callable[[Project], None]:
    """Sessions a day apart from 2 February on, in the last of them an order."""

    def send(project: Project) -> None:
        for number, source in enumerate(sources):
            came(project, f"02-{number + 2:02} 10:00", source)
        project.event(f"2026-02-{len(sources) + 1:02} 10:10", "order")

    return send


def a_week_of_touches(project: Project) -> None:
    came(project, "02-02 10:00", "a")
    came(project, "02-05 10:00", "b")
    project.event("2026-02-09 10:00", "order", revenue="100")


def refund(project: Project) -> None:
    came(project, "02-02 10:00", "a")
    came(project, "02-03 10:00", "b")
    project.event("2026-02-03 10:10", "order", revenue="-20", currency="EUR")
    project.event("2026-02-03 10:20", "order", revenue="50", currency="USD")


def bought_at_the_desk(project: Project) -> None:
    """Ann comes from `a`; orders are entered by a server 30 days later, and a millisecond before that."""
    came(project, "02-02 10:00", "a")
    project.operation("2026-02-02 10:01", "identify", "ann")
    for at in ("2026-03-04 09:59:59.999", "2026-03-04 10:00"):
        project.event(at, "order", "", profile_id="ann")


def nobody_bought(project: Project) -> None:
    project.event("2026-02-02 10:00", "order", "")


def switch_of_owner(project: Project) -> None:
    """The order on d1 is Ben's, so what brought him on d2 is a touch, and what brought Ann on d1 is none."""
    came(project, "02-02 10:00", "a", "d1")
    project.operation("2026-02-02 10:01", "identify", "ann", "d1")
    came(project, "02-03 10:00", "b", "d2")
    project.operation("2026-02-03 10:01", "identify", "ben", "d2")
    project.operation("2026-02-05 10:00", "identify", "ben", "d1")
    project.event("2026-02-06 10:00", "order", "d1")


def last_person_of_a_session(project: Project) -> None:
    project.operation("2026-02-02 23:00", "identify", "ann")
    came(project, "02-02 23:50", "a")
    project.event("2026-02-02 23:55", "order")
    project.operation("2026-02-03 00:10", "identify", "ben")
    project.event("2026-02-03 00:15", "order")


def orders_of_two_sizes(project: Project) -> None:
    project.event("2026-02-02 10:00", "order", revenue="10")
    project.event("2026-02-02 10:00", "order", revenue="100")
    project.event("2026-02-02 10:00", "signup")


CASES = {
    "attribution": Case(
        "Each model shares out a conversion: e-mail a week before, an affiliate 4 days before, a direct visit at once.",
        a_week_of_touches,
        CREDITS,
        [
            ("first", "", "Direct", 1, 0.0, 0.0),
            ("first", "a", "Email", 1, 1.0, 100.0),
            ("first", "b", "Affiliates", 1, 0.0, 0.0),
            ("last", "", "Direct", 1, 1.0, 100.0),
            ("last", "a", "Email", 1, 0.0, 0.0),
            ("last", "b", "Affiliates", 1, 0.0, 0.0),
            ("last_non_direct", "", "Direct", 1, 0.0, 0.0),
            ("last_non_direct", "a", "Email", 1, 0.0, 0.0),
            ("last_non_direct", "b", "Affiliates", 1, 1.0, 100.0),
            ("linear", "", "Direct", 1, 0.333333, 33.333),
            ("linear", "a", "Email", 1, 0.333333, 33.333),
            ("linear", "b", "Affiliates", 1, 0.333333, 33.333),
            ("position_based", "", "Direct", 1, 0.4, 40.0),
            ("position_based", "a", "Email", 1, 0.4, 40.0),
            ("position_based", "b", "Affiliates", 1, 0.2, 20.0),
            ("time_decay", "", "Direct", 1, 0.460204, 46.02),
            ("time_decay", "a", "Email", 1, 0.230102, 23.01),
            ("time_decay", "b", "Affiliates", 1, 0.309694, 30.969),
        ],
        goals(),
    ),
    "attribution_direct": Case(
        "When every touch is direct, the last one is the last non-direct one too; touches of one source are one row.",
        came_and_bought("", ""),
        CREDITS,
        [(model, "", "Direct", 2, 1.0, 0.0) for model in MODELS],
        goals(),
    ),
    "position_of_1": Case("One touch has all.", came_and_bought("a"), POSITIONS, [("a", 1, 1.0)], goals()),
    "position_of_2": Case(
        "Two share alike.", came_and_bought("a", "b"), POSITIONS, [("a", 1, 0.5), ("b", 1, 0.5)], goals()
    ),
    "position_of_3": Case(
        "The one between first and last has 0.2.",
        came_and_bought("a", "b", "c"),
        POSITIONS,
        [("a", 1, 0.4), ("b", 1, 0.2), ("c", 1, 0.4)],
        goals(),
    ),
    "position_of_4": Case(
        "Those between share 0.2; a source that comes twice adds up.",
        came_and_bought("a", "b", "a", "c"),
        POSITIONS,
        [("a", 2, 0.5), ("b", 1, 0.1), ("c", 1, 0.4)],
        goals(),
    ),
    "refund": Case(
        "A refund is shared out as negative revenue; an amount in another currency is a conversion without revenue.",
        refund,
        GOALS,
        [("g", 2.0, -20.0)],
        goals(),
    ),
    "no_touch": Case(
        "A session exactly 30 days before is not a touch; a conversion without touches is unassigned, once a model.",
        bought_at_the_desk,
        CREDITS,
        [(model, "a", "Email", 1, 1.0, 0.0) for model in MODELS]
        + [(model, "", "Unassigned", 0, 1.0, 0.0) for model in MODELS],
        goals(),
    ),
    "nobody_converts": Case("An event about nobody converts nobody.", nobody_bought, CREDITS, [], goals()),
    "attribution_owner": Case(
        "A conversion belongs to the owner of its device, with what brought that person on any device.",
        switch_of_owner,
        OWNERS,
        [("ben", "2026-02-06", "", "Direct", 1, 0.5), ("ben", "2026-02-06", "b", "Affiliates", 1, 0.5)],
        goals(),
    ),
    "attribution_midnight": Case(
        "A session over midnight is a touch of the last person identified in it, and of nobody else.",
        last_person_of_a_session,
        OWNERS,
        [("ann", "2026-02-02", "", "Unassigned", 0, 1.0), ("ben", "2026-02-03", "a", "Email", 1, 1.0)],
        goals(),
    ),
    "goals": Case(
        "An event converts for each goal that it fits.",
        orders_of_two_sizes,
        GOALS,
        [("every", 2.0, 110.0), ("large", 1.0, 100.0)],
        goals(every=[], large=[{"name": "revenue", "operator": "gt", "value": ["10"]}]),
    ),
}
