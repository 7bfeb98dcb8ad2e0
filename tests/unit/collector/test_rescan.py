"""New lists reach history: verdicts of raw are those of today, and only those that may change do."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import msgspec
import pytest

from collector.rescan import apply_changes, find_changes
from event_lens.clock import now_ms
from event_lens.contract.rows import EventRow, timestamp
from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer

AT = timestamp(1_786_518_000_000)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
CURL, NEW_BOT, OKHTTP = "curl/8.5.0", "SomethingNewBot/1.0", "okhttp/4.12.0"
Land = Callable[..., None]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse of its own: a verdict that changes writes parts again, and the shared one holds many."""
    server = EmbeddedServer(tmp_path_factory.mktemp("rescan") / "home")
    try:
        with Warehouse(server.wait().url) as warehouse:
            yield warehouse
    finally:
        server.stop()


@pytest.fixture
def project() -> str:
    return f"rescan-{uuid4().hex}"


@pytest.fixture
def land(warehouse: Warehouse, project: str) -> Land:
    def land_event(name: str, user_agent: str, **values: object) -> None:
        own = {"device_id": "d", "device_kind": "client", "created_at": AT, "received_at": timestamp(now_ms())}
        event_id = str(uuid4())
        row = EventRow(event_id=event_id, project_id=project, name=name, user_agent=user_agent, **own | values)  # type: ignore[arg-type]
        warehouse.insert_lines("lens_raw.events", msgspec.json.encode(row), token=row.event_id)

    return land_event


def verdicts(warehouse: Warehouse, project: str) -> dict[str, tuple[bool, str, str]]:
    rows = warehouse.rows(
        "SELECT name, is_bot, bot_reason, device FROM lens_raw.events WHERE project_id = {p:String}", {"p": project}
    )
    return {row["name"]: (row["is_bot"], row["bot_reason"], row["device"]) for row in rows}


def test_a_new_list_marks_old_events_and_takes_old_marks_back(warehouse: Warehouse, project: str, land: Land) -> None:
    land("was a person", NEW_BOT, device="server", body_hash=7)
    land("had signs", NEW_BOT, device="server", bot_reason="soft:no_accept_language")
    land("was a bot", OKHTTP, device="bot", is_bot=True, bot_reason="crawler:okhttp")
    land("is another bot", CURL, device="bot", is_bot=True, bot_reason="crawler:^curl")
    land("is a person", CHROME, device="desktop", body_hash=7)
    land("has signs", CHROME, device="desktop", bot_reason="soft:headless")
    counts = apply_changes(warehouse, find_changes(warehouse, project))
    assert verdicts(warehouse, project) == {
        "was a person": (True, "named:bot", "bot"),
        "had signs": (True, "named:bot", "bot"),
        "was a bot": (False, "", "server"),
        "is another bot": (True, "library:^curl", "bot"),
        "is a person": (False, "", "desktop"),
        "has signs": (False, "soft:headless", "desktop"),
    }
    assert dict(counts) == {"named": 2, "people": 1, "library": 1}
    assert find_changes(warehouse, project) == []


def test_a_sender_who_proved_a_secret_is_not_judged(warehouse: Warehouse, project: str, land: Land) -> None:
    land("of a server", CURL, device_kind="server", device="server")
    land("for a device", CURL, device="server", message_id="m1")
    land("without an agent", "", message_id="m2")
    land("of an import", "", import_id="umami's")
    assert find_changes(warehouse, project) == []
    land("named", NEW_BOT, device="server", message_id="m3")
    assert [change.group.reason for change in find_changes(warehouse, project)] == ["named:bot"]


def test_programs_of_an_imported_log_are_judged_as_those_of_logs(
    warehouse: Warehouse, project: str, land: Land
) -> None:
    import_id = uuid4().hex
    row = {"import_id": import_id, "project_id": project, "source": "access-log", "updated_at": AT, "started_at": AT}
    warehouse.insert_lines("lens_raw.imports", msgspec.json.encode(row), token=import_id)
    land("view", "MyTool/2.1", device="server", import_id=import_id)
    land("event", "MyTool/2.1", device="server", body_hash=7)
    land("agents are not told", "", import_id=import_id)
    land("none was sent", "", import_id=import_id, is_bot=True, bot_reason="empty_user_agent")
    apply_changes(warehouse, find_changes(warehouse, project))
    found = verdicts(warehouse, project)
    assert (found["view"], found["event"]) == ((True, "program:MyTool", "bot"), (False, "", "server"))
    assert [found[name][0] for name in ("agents are not told", "none was sent")] == [False, True]


def test_the_days_of_changed_verdicts_are_rebuilt(warehouse: Warehouse, project: str, land: Land) -> None:
    land("old", NEW_BOT, device="server", body_hash=7)
    apply_changes(warehouse, find_changes(warehouse, project))
    rows = warehouse.rows(
        "SELECT toString(created_at) AS at FROM lens_raw.changed_events WHERE project_id = {p:String} AND batch_id IN"
        " (SELECT batch_id FROM lens_raw.batches WHERE table_name = 'lens_raw.changed_events')",
        {"p": project},
    )
    assert rows == [{"at": "2026-08-12 07:00:00.000"}]


def test_a_projects_own_rules_apply_to_history_until_they_are_removed(
    warehouse: Warehouse, project: str, land: Land
) -> None:
    land("agent", "ShopMonitor/7 (internal)", device="server", message_id="m1")
    land("path", CHROME, device="desktop", body_hash=7, path="/wp-login.php")
    land("sign", CHROME, device="desktop", bot_reason="soft:no_client_hints,headless")
    land("server", "ShopMonitor/7", device="server", device_kind="server")
    land("person", CHROME, device="desktop", body_hash=7, path="/about-wp-login")
    land("bot", "Googlebot/2.1", device="bot", is_bot=True, bot_reason="crawler:Googlebot\\/", path="/wp-admin")
    rules = ["agent:ShopMonitor*", "path:/wp-*", "sign:headless"]
    apply_changes(warehouse, find_changes(warehouse, project, rules))
    assert verdicts(warehouse, project) == {
        "agent": (True, "rule:agent:ShopMonitor*", "bot"),
        "path": (True, "rule:path:/wp-*", "bot"),
        "sign": (True, "rule:sign:headless", "bot"),
        "server": (True, "rule:agent:ShopMonitor*", "bot"),
        "person": (False, "", "desktop"),
        "bot": (True, "crawler:Googlebot\\/", "bot"),
    }
    assert find_changes(warehouse, project, rules) == []
    apply_changes(warehouse, find_changes(warehouse, project, ["sign:headless"]))
    found = verdicts(warehouse, project)
    assert {name: verdict[0] for name, verdict in found.items()} == {
        "agent": False, "path": False, "sign": True, "server": False, "person": False,
        "bot": True,
    }  # fmt: skip
    assert found["path"] == (False, "", "desktop")
