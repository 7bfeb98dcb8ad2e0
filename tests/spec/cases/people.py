"""Visitors and people: links, switches, aliases, and what is known of a profile."""

from typing import Any

from tests.spec.cases.case import Case
from tests.spec.rows import Project

OWNERS = """select device_id, profile_id, formatDateTime(valid_from, '%Y-%m-%d %H:%i'),
        formatDateTime(valid_to, '%Y-%m-%d %H:%i')
    from lens.identities where project_id = {project:String} order by device_id, valid_from"""
EVENTS = """select device_id, profile_id, is_identified
    from lens.events where project_id = {project:String} order by created_at, device_id"""
COUNTS = """select unique_visitors, people from lens.metrics_daily where project_id = {project:String} order by day"""
PROPERTIES = """select profile_id, email, toJSONString(properties)
    from lens.profiles where project_id = {project:String} order by profile_id"""


def identify(project: Project, at: str, profile: str, device: str = "d1", **fields: Any) -> None:
    project.operation(f"2026-02-{at}", "identify", profile, device, **fields)


def alias(project: Project, at: str, profile: str, alias: str) -> None:
    project.operation(f"2026-02-{at}", "alias", profile, "", alias=alias)


def add(project: Project, at: str, profile: str, property: str, value: str, operation: str = "increment") -> None:
    project.operation(f"2026-02-{at}", operation, profile, "", property=property, value=value)


def retroactive(project: Project) -> None:
    project.view("2026-02-02 10:00")
    project.view("2026-02-02 10:00", device="d2")
    identify(project, "09 10:00", "ann")


def switch(project: Project) -> None:
    for day, profile in (("02", "ann"), ("04", "ben"), ("06", "ann")):
        project.view(f"2026-02-{day} 09:59")
        identify(project, f"{day} 10:00", profile)
    project.view("2026-02-06 10:01")


def own_profile(project: Project) -> None:
    identify(project, "02 09:00", "ann")
    project.view("2026-02-02 10:00", profile_id="ben", device="shared", device_kind="server")
    project.view("2026-02-02 10:01")
    project.event("2026-02-02 10:02", "renewal", "", device_kind="server")


def chain(project: Project) -> None:
    for number in range(1200):
        alias(project, "01 00:00", f"n{number + 1:04}", f"n{number:04}")
    project.view("2026-02-02 10:00", profile_id="n0000")
    project.view("2026-02-02 10:01", profile_id="n0600", device="d2")


def loop(project: Project) -> None:
    for name, target in (("w", "y"), ("y", "z"), ("z", "x"), ("x", "y")):
        alias(project, "01 00:00", target, name)
    project.view("2026-02-02 10:00", profile_id="w")
    project.view("2026-02-02 10:01", profile_id="z", device="d2")


def two_devices(project: Project) -> None:
    for device in ("d1", "d2", "d3"):
        project.view("2026-02-02 10:00", device=device)
    identify(project, "02 10:05", "ann", "d1")
    identify(project, "02 10:06", "ann", "d2")


def last_value(project: Project) -> None:
    team = {"name": "x", "size": 3}
    identify(project, "03 10:00", "ann", properties={"plan": "pro", "team": team}, email="a@example.org")
    identify(project, "02 10:00", "ann", properties={"plan": "free", "seats": 1}, email="old@example.org")
    identify(project, "04 10:00", "ann", properties={"team": {"size": 4}})


def sums(project: Project) -> None:
    add(project, "02 09:00", "ann", "stats.visits", "100")
    identify(project, "02 09:30", "ann", properties={"stats": {"visits": 5}, "mood": "good"})
    for number in range(10):
        add(project, f"02 10:0{number}", "ann", "stats.visits", "1.5")
    add(project, "02 11:00", "ann", "stats.visits", "4", "decrement")
    add(project, "02 11:00", "ann", "mood", "2")
    add(project, "02 11:00", "ann", "only_added", "3")


def groups(project: Project) -> None:
    """In two accounts by operations, in a third by an event of the device before it was known."""
    project.view("2026-02-02 09:00", groups=["zoo"])
    project.operation("2026-02-02 10:00", "assign_group", "ann", groups=["office", "zoo"])
    project.operation("2026-02-02 11:00", "group", "ann", group_id="none", groups=["none"])
    project.view("2026-02-02 12:00", profile_id="ann", groups=["agency"])
    project.view("2026-02-02 12:00", device="d2", groups=[])


def retried(project: Project) -> None:
    for received_at in ("2026-02-02 10:00", "2026-02-02 10:01", "2026-02-08 10:00", "2026-02-16 10:00"):
        project.operation(
            "2026-02-02 10:00",
            "increment",
            "ann",
            "",
            property="credits",
            value="1",
            message_id="m",
            event_id="00000000-0000-0000-0000-0000000000aa",
            received_at=Project("x").view(received_at)["received_at"],
        )


GROUPS = "select profile_id, groups from lens.profiles where project_id = {project:String} order by profile_id"

CASES = {
    "groups": Case(
        "A profile is in the groups it was assigned to and in those its events named.",
        groups,
        GROUPS,
        [("ann", ["agency", "office", "zoo"]), ("device:d2", [])],
    ),
    "retroactive": Case(
        "A device belongs to its first profile from the beginning on.",
        retroactive,
        EVENTS,
        [("d1", "ann", True), ("d2", "device:d2", False)],
    ),
    "switch": Case(
        "From a link to another profile on, the device is the other's, and back again.",
        switch,
        OWNERS,
        [
            ("d1", "ann", "1970-01-01 00:00", "2026-02-04 10:00"),
            ("d1", "ben", "2026-02-04 10:00", "2026-02-06 10:00"),
            ("d1", "ann", "2026-02-06 10:00", "2299-12-31 00:00"),
        ],
    ),
    "switch_events": Case(
        "Events before the switch stay with the first person.",
        switch,
        EVENTS,
        [("d1", "ann", True), ("d1", "ann", True), ("d1", "ben", True), ("d1", "ann", True)],
    ),
    "own_profile": Case(
        "An event's own profile id wins for that event; a server device links nothing; an event about nobody has none.",
        own_profile,
        EVENTS,
        [("shared", "ben", True), ("d1", "ann", True), ("", "", False)],
    ),
    "chain": Case(
        "Aliases are followed to the end of their chain, 1,200 names long.",
        chain,
        EVENTS,
        [("d1", "n1200", True), ("d2", "n1200", True)],
    ),
    "loop": Case(
        "A loop of aliases is its smallest id, also for a name that leads into it.",
        loop,
        EVENTS,
        [("d1", "x", True), ("d2", "x", True)],
    ),
    "visitors": Case(
        "Visitors are devices, people are profiles after stitching.",
        two_devices,
        COUNTS,
        [(3, 2)],
    ),
    "last_value": Case(
        "The last identify by event time wins for each property, whatever order it arrived in.",
        last_value,
        PROPERTIES,
        [("ann", "a@example.org", '{"plan":"pro","seats":1,"team":{"name":"x","size":4}}')],
    ),
    "sums": Case(
        "Increments after the last identify add up exactly, decrements count against them, text counts as 0.",
        sums,
        PROPERTIES,
        [("ann", "", '{"mood":2,"only_added":3,"stats":{"visits":16}}')],
    ),
    "retried": Case(
        "A retried increment counts once; a copy more than 7 days after the one before counts again.",
        retried,
        PROPERTIES,
        [("ann", "", '{"credits":2}')],
    ),
}
