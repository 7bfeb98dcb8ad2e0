"""Visits of derived devices across 00:00 UTC, when their id changes with the salt."""

from tests.spec.cases.case import Case
from tests.spec.cases.people import EVENTS
from tests.spec.cases.sessions import DAYS
from tests.spec.rows import Project

VISITS = """select device_id, toString(day), formatDateTime(started_at, '%d %H:%i'), event_count, duration_seconds
    from lens.sessions where project_id = {project:String} order by started_at, device_id"""
LINKED = """select device_id, profile_id, formatDateTime(valid_from, '%d %H:%i'), formatDateTime(valid_to, '%d %H:%i')
    from lens.identities where project_id = {project:String} order by device_id, valid_from"""


def salted(project: Project, at: str, device: str, previous: str = "") -> None:
    project.view(f"2026-{at}", device=device, device_kind="derived", previous_device_id=previous)


def named(project: Project, at: str, device: str, profile: str) -> None:
    project.operation(f"2026-{at}", "identify", profile, device, device_kind="derived")


def over_midnight(project: Project) -> None:
    """A visit over 00:00 UTC, a pause, and a second visit."""
    salted(project, "02-02 23:50", "old")
    salted(project, "02-03 00:05", "new", "old")
    salted(project, "02-03 00:25", "new", "old")
    salted(project, "02-03 00:54", "new")
    salted(project, "02-03 01:24", "new")


def too_late(project: Project) -> None:
    salted(project, "02-02 23:40", "old")
    salted(project, "02-03 00:10", "new", "old")


def in_time(project: Project) -> None:
    salted(project, "02-02 23:40", "old")
    salted(project, "02-03 00:09:59.999", "new", "old")


def unseen(project: Project) -> None:
    """What was seen of the old device counts as nothing."""
    project.event("2026-02-02 23:50", "session_end", "old", device_kind="derived")
    project.event("2026-02-02 23:51", "click", "old", device_kind="derived", is_bot=True, bot_reason="crawler:x")
    salted(project, "02-03 00:05", "new", "old")


def named_too_late(project: Project) -> None:
    """The first event of the day came through another proxy, say, and names nobody."""
    salted(project, "02-02 23:50", "old")
    salted(project, "02-03 00:05", "new")
    salted(project, "02-03 00:06", "new", "old")


def two_salts(project: Project) -> None:
    salted(project, "02-01 23:50", "first")
    salted(project, "02-02 00:05", "second", "first")
    salted(project, "02-03 00:04", "third", "second")


def identified(project: Project) -> None:
    salted(project, "02-02 23:50", "old")
    salted(project, "02-03 00:05", "new", "old")
    named(project, "02-03 00:10", "new", "ann")
    salted(project, "02-03 03:00", "new")


def identified_first(project: Project) -> None:
    salted(project, "02-02 23:50", "old")
    named(project, "02-03 00:01", "new", "ann")
    salted(project, "02-03 00:05", "new", "old")
    named(project, "02-03 23:00", "new", "ben")


def identified_apart(project: Project) -> None:
    """The old device was not seen in time, so the new one is another."""
    salted(project, "02-02 23:00", "old")
    salted(project, "02-03 00:05", "new", "old")
    named(project, "02-03 00:10", "new", "ann")


def monthly(project: Project) -> None:
    salted(project, "01-31 23:50", "january")
    salted(project, "02-01 00:05", "february", "january")
    salted(project, "02-01 23:50", "february")
    salted(project, "02-02 00:05", "february")


def old_id_comes_again(project: Project) -> None:
    """An event of the day before that was sent late, with the old salt."""
    over_midnight(project)
    salted(project, "02-02 23:58", "old")


def four_days_before(project: Project) -> None:
    """The event of June lands last, in a month of its own. Whether it is there moves the session of 4 July, local time:
    without it the visit of `x` is July's, and `y` of 3 July cuts."""
    salted(project, "07-01 00:05", "july", "june")
    project.view("2026-07-01 11:00", device="july", device_kind="derived", client_session_id="x")
    salted(project, "07-02 09:00", "july")
    project.view("2026-07-03 08:00", device="july", device_kind="derived", client_session_id="y")
    salted(project, "07-03 11:00", "july")
    salted(project, "06-30 08:00", "june")


CASES = {
    "handover": Case(
        "A visit of a derived device goes on over 00:00 UTC under its old id; after a pause the new id counts.",
        over_midnight,
        VISITS,
        [("old", "2026-02-02", "02 23:50", 4, 3840), ("new", "2026-02-03", "03 01:24", 1, 0)],
    ),
    "handover_days": Case(
        "Then it is the old visitor on both days, and the new one after the pause.",
        over_midnight,
        DAYS,
        [("2026-02-02", 1, 1, 1), ("2026-02-03", 1, 4, 2)],
    ),
    "handover_east": Case(
        "The salt changes at 00:00 UTC in every zone: in Kiritimati that is 14:00.",
        over_midnight,
        VISITS,
        [("old", "2026-02-03", "02 23:50", 4, 3840), ("new", "2026-02-03", "03 01:24", 1, 0)],
        {"timezone": "Pacific/Kiritimati"},
    ),
    "handover_west": Case(
        "In Los Angeles it is 16:00 of the day before.",
        over_midnight,
        VISITS,
        [("old", "2026-02-02", "02 23:50", 4, 3840), ("new", "2026-02-02", "03 01:24", 1, 0)],
        {"timezone": "America/Los_Angeles"},
    ),
    "handover_too_late": Case(
        "A device does not go on from one that was last seen the timeout before.",
        too_late,
        VISITS,
        [("old", "2026-02-02", "02 23:40", 1, 0), ("new", "2026-02-03", "03 00:10", 1, 0)],
    ),
    "handover_in_time": Case(
        "A millisecond less, and it does.",
        in_time,
        VISITS,
        [("old", "2026-02-02", "02 23:40", 2, 1799)],
    ),
    "handover_timeout": Case(
        "The timeout is the project's, for the pause too.",
        over_midnight,
        VISITS,
        [("old", "2026-02-02", "02 23:50", 5, 5640)],
        {"session_timeout_seconds": 3600},
    ),
    "handover_unseen": Case(
        "A device goes on only from one with an event that counts.",
        unseen,
        VISITS,
        [("new", "2026-02-03", "03 00:05", 1, 0)],
    ),
    "handover_first_event": Case(
        "The first event of the UTC day says whom the device goes on from.",
        named_too_late,
        VISITS,
        [("old", "2026-02-02", "02 23:50", 1, 0), ("new", "2026-02-03", "03 00:05", 2, 60)],
    ),
    "handover_one_hop": Case(
        "One hop: the device it goes on from stays itself, even where that one went on from another.",
        two_salts,
        VISITS,
        [("first", "2026-02-01", "01 23:50", 2, 900), ("second", "2026-02-03", "03 00:04", 1, 0)],
        {"session_timeout_seconds": 86_400},
    ),
    "handover_late": Case(
        "An event that the old device sent late joins the visit.",
        old_id_comes_again,
        VISITS,
        [("old", "2026-02-02", "02 23:50", 5, 3840), ("new", "2026-02-03", "03 01:24", 1, 0)],
    ),
    "handover_identified": Case(
        "Whoever is identified after midnight owns the visit from its beginning, and the new device too.",
        identified,
        EVENTS,
        [("old", "ann", True), ("old", "ann", True), ("new", "ann", True)],
    ),
    "handover_links": Case(
        "Every link of the new device on that UTC day links the old one at the same moment.",
        identified_first,
        LINKED,
        [
            ("new", "ann", "01 00:00", "03 23:00"),
            ("new", "ben", "03 23:00", "31 00:00"),
            ("old", "ann", "01 00:00", "03 23:00"),
            ("old", "ben", "03 23:00", "31 00:00"),
        ],
    ),
    "handover_no_links": Case(
        "Without going on, the old device belongs to no person.",
        identified_apart,
        EVENTS,
        [("old", "device:old", False), ("new", "ann", True)],
    ),
    "handover_monthly": Case(
        "With a salt a month an id changes on the first of the month alone.",
        monthly,
        VISITS,
        [("january", "2026-01-31", "31 23:50", 2, 900), ("february", "2026-02-01", "01 23:50", 2, 900)],
    ),
    "handover_reach": Case(
        "An event can decide where a session starts four local days later, and no further.",
        four_days_before,
        VISITS,
        [
            ("june", "2026-06-30", "30 08:00", 2, 57900),
            ("june", "2026-07-02", "01 11:00", 1, 0),
            ("july", "2026-07-02", "02 09:00", 2, 82800),
            ("july", "2026-07-04", "03 11:00", 1, 0),
        ],
        {"timezone": "Pacific/Kiritimati", "session_timeout_seconds": 86_400},
        last_lands_last=True,
    ),
}
