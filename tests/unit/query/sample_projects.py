"""The projects that questions are asked of: small ones with known answers, and one of random visits."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from event_lens.warehouse.client import Warehouse
from tests.spec.rows import DAY_MS, HOUR_MS, Project, Row, moment
from tests.unit.query.history import History, read_history

HOSTILE = "a'b\"c\\d`e{p0_string:String}--/*;%_é\t\n"

PRO = {"name": "properties.plan", "operator": "is", "value": ["pro"]}
"""A filter of a step of a defined funnel, as the registry stores it."""

WAITING_MESSAGE = {"message_id": "m1", "event_id": "00000000-0000-4000-8000-000000000001"}


@dataclass
class World:
    """Projects by name, with a read key each (`client_id`, secret), and the process that answers from its home."""

    url: str
    home: Path
    warehouse_url: str
    projects: dict[str, Project]
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    _histories: dict[str, History] = field(default_factory=dict)

    def history(self, name: str) -> History:
        """What counts of a project, found once a run."""
        if name not in self._histories:
            with Warehouse(self.warehouse_url) as warehouse:
                self._histories[name] = read_history(warehouse, self.projects[name])
        return self._histories[name]


def fill_plain(project: Project) -> None:
    """Four visits of three devices on 2 and 3 March 2026, UTC."""
    phone = {"referrer_name": "Google", "referrer_type": "search", "device": "mobile", "browser": "Safari", "os": "iOS"}
    phone |= {"country": "DE", "city": "Berlin", "utm_source": "news", "utm_campaign": "spring"}
    desk = {"device": "desktop", "browser": "Firefox", "os": "Linux", "country": "FR", "city": "Paris"}
    project.view("2026-03-02 10:00", "/", "d1").update(phone)
    project.view("2026-03-02 10:01", "/pricing", "d1").update(phone)
    project.event(
        "2026-03-02 10:03", "purchase", "d1", revenue="20.5", currency="EUR", properties={"plan": "pro", "n": 7}
    )
    project.view("2026-03-02 23:50", "/", "d2", referrer_type="direct").update(desk)
    project.view("2026-03-03 09:00", "/blog", "d1", profile_id="ann", referrer_type="direct").update(desk)
    project.event("2026-03-03 09:00:30", "signup", "d1", profile_id="ann", properties={"plan": "free", "n": 12.5})
    project.event("2026-03-03 12:00", "purchase", "d3", revenue="100", currency="USD", properties={"plan": HOSTILE})
    project.event("2026-03-03 13:00", "server_job", "", properties={"ok": True})
    project.reject("2026-03-03 13:00")


def fill_edges(project: Project, midnight: str) -> None:
    """One view in the last minute of a local day and one in the first minute of the next, by two devices."""
    project.view(moment(midnight) - 60_000, "/before", "d1")
    project.view(moment(midnight), "/after", "d2")


def fill_midnight(project: Project) -> None:
    """One session that begins on 2 March 2026 and goes on after midnight, with a sale."""
    project.view("2026-03-02 23:50", "/", "d1", country="DE")
    project.event("2026-03-03 00:10", "sale", "d1", country="FR")


def fill_steps(project: Project) -> None:
    """Visits made for funnels: what each device did, a letter a minute from 10:00 on 4 March 2026; `.` is a pause."""
    visits = {"all": "abc", "other_between": "axbxc", "late_start": "aabc", "wrong_order": "cba", "twice": "abab"}
    for device, letters in visits.items():
        for minute, letter in enumerate(letters):
            if letter != ".":
                project.event(moment("2026-03-04 10:00") + minute * 60_000, letter, device)


def fill_random(project: Project, seed: int) -> None:
    """Six weeks of 40 devices, ten of them people, with revisits, equal times, and every kind of device."""
    random = Random(seed)
    start = moment("2026-01-05")
    project.definitions = {
        "goal": [{"goal_id": "a", "name": "a", "event_name": "a", "filters": "[]"}],
        "cohort": [
            _did("active", "a", 2, within_days=7),
            _did("late", "b", 1, start_date="2026-01-19"),
            _did("early", "b", 1, end_date="2026-01-18"),
        ],
        "funnel": [
            _funnel("buying", "a", "b", "c"),
            _funnel("buying_by_plan", "a", "b") | {"breakdown": "properties.plan"},
            _funnel("buying_pro", "a", "b") | {"step_filters": [json.dumps([PRO]), "[]"]},
        ],
        "retention": [_retention("a_then_b", "a", "b"), _retention("any_then_c", "", "c")],
    }
    for number in range(40):
        kind = ("client", "client", "derived", "server")[number % 4]
        fields = {
            "device_kind": kind,
            "country": random.choice(["DE", "FR", ""]),
            "browser": random.choice(["Firefox", "Chrome"]),
        }
        at = start + random.randrange(20 * DAY_MS)
        for _ in range(random.randrange(1, 9)):
            profile = f"person{number % 10}" if number < 10 and random.random() < 0.5 else ""
            for _ in range(random.randrange(1, 7)):
                name = random.choice(["screen_view", "a", "b", "c", "a"])
                properties = {"plan": random.choice(["free", "pro"]), "n": random.randrange(20)}
                path = random.choice(["/", "/a", "/b"]) if name == "screen_view" else ""
                own = fields | {"profile_id": profile, "properties": properties, "path": path}
                project.event(at, name, f"device{number}", **own, revenue=str(random.randrange(5)))
                at += random.choice([0, 1000, 60_000, 1_799_999, 1_800_000])
            at += random.choice([HOUR_MS, DAY_MS, 7 * DAY_MS])


def fill_instants(project: Project, seed: int) -> None:
    """Many devices that do a few things within four seconds, most of them at the same instants as others of theirs."""
    random = Random(seed)
    start = moment("2026-04-07 10:00")
    for number in range(300):
        for _ in range(random.randrange(2, 7)):
            properties = {"plan": random.choice(["free", "pro"])}
            at = start + random.randrange(4) * 1000
            project.event(at, random.choice("aabc"), f"device{number}", properties=properties)


def fill_nights(project: Project, seed: int) -> None:
    """Visits around midnight in April 2026 of devices that two people share, and events that servers send of them."""
    random = Random(seed)
    for number in range(120):
        fields = {"browser": random.choice(["Firefox", "Chrome"]), "device_kind": "client"}
        at = moment(f"2026-04-{random.randrange(1, 9):02} 23:40")
        for _ in range(random.randrange(2, 9)):
            name = random.choice(["screen_view", "screen_view", "a", "b", "c"])
            path = random.choice(["/", "/a", "/b"]) if name == "screen_view" else ""
            profile = random.choice(["", f"person{number % 30}", "guest"])
            project.event(at, name, f"device{number % 60}", **fields, path=path, profile_id=profile)
            at += random.choice([0, 60_000, 600_000, 1_799_999])
        project.event(at, random.choice("abc"), "", profile_id=f"person{number % 30}", device_kind="server")


def fill_waiting(project: Project) -> None:
    """Two visits, one of which goes on in what lands later."""
    project.view("2026-03-10 10:00", "/a", "d1")
    project.view("2026-03-10 10:00", "/a", "d2", **WAITING_MESSAGE)


def _did(cohort_id: str, event: str, times: int, within_days: int | None = None, **dates: str) -> Row:
    """A cohort of those who did `event` at least so often, between the dates if they are given."""
    count = {"operator": "gte", "value": times}
    criteria: list[Row] = [{"event": event, "filters": [], "count": count, "within_days": within_days} | dates]
    return {"cohort_id": cohort_id, "name": cohort_id.title(), "criteria": json.dumps(criteria), "match": "all"}


def _funnel(funnel_id: str, *step_names: str) -> Row:
    """A funnel of an hour, in order, by device."""
    filters = {"step_filters": ["[]" for _ in step_names]}
    return {
        "funnel_id": funnel_id,
        "name": funnel_id.title(),
        "step_names": step_names,
        "window_seconds": 3600,
    } | filters


def _retention(retention_id: str, start_event: str, return_event: str) -> Row:
    return {
        "retention_id": retention_id,
        "name": retention_id.title(),
        "start_event": start_event,
        "return_event": return_event,
    }


def fill_shop(project: Project) -> None:
    """Two people who come from several sources in May 2026, one of whom orders twice; a visitor who only looks."""
    project.definitions = {
        "goal": [
            {"goal_id": "orders", "name": "Orders", "event_name": "order", "filters": "[]"},
            {"goal_id": "never", "name": "Never", "event_name": "never", "filters": "[]"},
        ],
        "cohort": [
            _did("buyers", "order", 1),
            _did("lately", "order", 1, within_days=1),
            _did("nobody", "never", 1),
        ],
        "funnel": [_funnel("buying", "screen_view", "order")],
        "retention": [_retention("orders_again", "order", "order")],
    }
    project.operation("2026-05-04 09:00", "group", "", "", group_id="buyers/1", group_type="team", group_name="Buyers")
    news = {"utm_source": "news", "utm_medium": "email", "utm_campaign": "may"}
    search = {"referrer_name": "Google", "referrer_type": "search"}
    project.view("2026-05-04 10:00", "/", "d1", profile_id="ann", **news)
    project.view("2026-05-04 10:02", "/pricing", "d1", profile_id="ann")
    project.view("2026-05-04 10:03", "/pricing", "d1", profile_id="ann")
    project.view("2026-05-04 10:04", "/order", "d1", profile_id="ann")
    project.view("2026-05-05 10:00", "/", "d1", profile_id="ann", **search)
    project.view("2026-05-05 10:01", "/order", "d1", profile_id="ann")
    project.event("2026-05-05 10:10", "order", "d1", profile_id="ann", revenue="30", currency="EUR")
    project.view("2026-05-06 10:00", "/order", "d1", profile_id="ann")
    project.event("2026-05-06 10:10", "order", "d1", profile_id="ann", revenue="90", currency="EUR")
    project.view("2026-05-05 12:00", "/", "d2", profile_id="bob", **search)
    project.view("2026-05-05 12:01", "/pricing", "d2", profile_id="bob")
    project.event(
        "2026-05-05 12:02", "order", "d2", profile_id="bob", revenue="7", currency="USD", properties={"gift": "yes"}
    )
    project.view("2026-05-05 13:00", "/blog", "d3")
    phone = {"device": "mobile", "browser": "Safari", "os": "iOS", "country": "DE", "region": "BE", "city": "Berlin"}
    desk = {"device": "desktop", "browser": "Firefox", "os": "Linux", "country": "FR", "city": "Paris"}
    for event in project.events:
        event.update(phone if event["device_id"] == "d1" else desk)


def fill_people(project: Project) -> None:
    """Three people in June 2026, one with an id that needs escaping, and a device that is nobody's."""
    project.definitions = {"cohort": [_did("readers", "screen_view", 1), _did("lately", "screen_view", 1, 1)]}
    team = {"group_id": "acme/1", "group_type": "company", "group_name": "Acme", "properties": {"plan": "pro"}}
    project.operation("2026-06-01 08:00", "group", "", "", **team)
    renamed = team | {"group_name": "Acme Ltd", "properties": {"seats": 7}}
    project.operation("2026-06-02 08:00", "group", "", "", **renamed)
    ann = {
        "first_name": "Ann",
        "last_name": "Example",
        "email": "Ann@example.org",
        "properties": {"plan": {"name": "pro"}},
    }
    project.operation("2026-06-01 09:00", "identify", "a/b%2F c", "d1", **ann)
    project.operation("2026-06-01 09:01", "assign_group", "a/b%2F c", "d1", groups=["acme/1", "other"])
    project.view("2026-06-01 10:00", "/", "d1", title="Home")
    project.event("2026-06-01 10:00", "order", "d1", revenue="12.5", groups=["acme/1"], properties={"sku": HOSTILE})
    project.view("2026-06-01 23:30", "/late", "d1")
    project.operation("2026-06-02 09:00", "identify", "bob", "d2", name="Bob", properties={"plan": {"name": "free"}})
    project.view("2026-06-02 10:00", "/", "d2")
    project.operation("2026-06-03 09:00", "identify", "ärger", "", name="Ägidius")
    project.view("2026-06-03 10:00", "/", "d4")


def fill_late(project: Project) -> None:
    """Views of July 2026 that came at once, a little late, days late and by an import; the clocks of one ran ahead."""
    minute, hour = 60_000, 3_600_000
    for day, late_ms in (
        (1, 0),
        (1, minute - 1),
        (2, minute),
        (2, 2 * hour),
        (2, DAY_MS),
        (1, 40 * DAY_MS),
        (3, -5_000),
    ):
        at = moment(f"2026-07-0{day} 12:00")
        project.view(at, "/", f"d{late_ms}", received_at=at + late_ms)
    at = moment("2026-07-02 12:00")
    project.view(at, "/", "d", received_at=at + DAY_MS, import_id="log")


def fill_money(project: Project) -> None:
    """Sales and a refund of three devices on 2 April 2026 in three currencies."""
    for device, revenue, currency in (
        ("d1", "10", ""),
        ("d1", "5", "EUR"),
        ("d3", "2.5", "eur"),
        ("d1", "-4", "EUR"),
        ("d2", "100", "USD"),
        ("d2", "100", "JPY"),
        ("d1", "0", "CHF"),
    ):
        project.event("2026-04-02 10:00", "sale", device, revenue=revenue, currency=currency)
