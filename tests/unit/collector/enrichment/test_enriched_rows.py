"""What real requests bring into raw: verdicts on bots, places, pages and sources, over HTTP and through the spool."""

from collections.abc import Callable
from typing import Any

import pytest

from collector.enrichment.geo import INSTALLED
from event_lens.warehouse.client import Warehouse
from tests.unit.collector.conftest import CollectorProcess
from tests.unit.collector.enrichment.flat_database import write_database
from tests.unit.collector.enrichment.test_bot_signals import CHROME

PAGE = {
    "origin": "https://shop.example.com",
    "user-agent": CHROME,
    "accept-language": "ko-KR,ko;q=0.9",
    "sec-fetch-mode": "cors",
    "sec-ch-ua": '"Chromium";v="126"',
}


def without(name: str) -> dict[str, str]:
    return {header: value for header, value in PAGE.items() if header != name}


@pytest.mark.parametrize(
    ("name", "headers", "status", "is_bot", "reason", "device"),
    [
        ("person", PAGE, 200, False, "", "desktop"),
        ("no hints", without("sec-ch-ua"), 200, False, "soft:no_client_hints", "desktop"),
        ("cloud", PAGE | {"x-amzn-trace-id": "Root=1-2"}, 200, False, "soft:data_centre", "desktop"),
        ("crawler", PAGE | {"user-agent": "Googlebot/2.1", "via": "x"}, 202, True, "crawler:Googlebot\\/", "bot"),
        ("nobody", PAGE | {"user-agent": ""}, 202, True, "empty_user_agent", "bot"),
    ],
)
def test_only_crawlers_and_empty_agents_are_bots_and_nothing_is_dropped(
    collector: CollectorProcess,
    warehouse: Warehouse,
    name: str,
    headers: dict[str, str],
    status: int,
    is_bot: bool,
    reason: str,
    device: str,
) -> None:
    own = {"openpanel-client-id": collector.client_id}
    event = {"type": "track", "payload": {"name": f"landing {name}"}}
    answer = collector.client.post(f"{collector.url}/track", json=event, headers=own | headers)
    batch = collector.client.post(f"{collector.url}/track/batch", json=[event], headers=own | headers)
    assert (answer.status_code, batch.status_code) == (status, 200)
    assert answer.json().get("bot", {}).get("reason", "") == (reason if is_bot else "")
    assert landed(collector, warehouse, event["payload"]) == [(is_bot, reason, device)] * 2


def test_an_event_with_a_verified_secret_has_no_signs(collector: CollectorProcess, warehouse: Warehouse) -> None:
    headers = {"user-agent": CHROME, "via": "1.1 x", "x-amzn-trace-id": "Root=1-2"}
    payload = {"name": "landing of a server"}
    sent = collector.client.post(
        f"{collector.url}/track", json={"type": "track", "payload": payload}, headers=collector.headers | headers
    )
    assert sent.status_code == 200
    assert landed(collector, warehouse, payload) == [(False, "", "server")]


def landed(collector: CollectorProcess, warehouse: Warehouse, payload: Any) -> list[tuple[bool, str, str]]:
    collector.wait_until_landed()
    rows = warehouse.rows(
        "SELECT is_bot, bot_reason, device FROM lens_raw.events WHERE project_id = {p:String} AND name = {n:String}",
        {"p": collector.project_id, "n": payload["name"]},
    )
    return [(row["is_bot"], row["bot_reason"], row["device"]) for row in rows]


def test_an_installed_database_gives_countries_and_no_address_is_kept(
    start_collector: Callable[..., CollectorProcess], warehouse: Warehouse, warehouse_url: str
) -> None:
    collector = start_collector(warehouse_url)
    collector.stop()
    (collector.home / INSTALLED).parent.mkdir()
    write_database(collector.home / INSTALLED, {"81.2.69.0/24": {"country_code": "GB"}})
    collector.restart()
    address = {"openpanel-client-ip": "81.2.69.160"}
    body = {
        "type": "track",
        "payload": {
            "name": "seen",
            "path": "https://me:pw@한국.example/%EA%B8%80",
            "referrer": "https://l.Instagram.com./",
        },
    }
    sent = collector.client.post(f"{collector.url}/track", json=body, headers=collector.headers | address)
    assert sent.status_code == 200
    collector.wait_until_landed()
    (row,) = warehouse.rows(
        "SELECT * EXCEPT (properties), toString(properties) AS properties FROM lens_raw.events"
        " WHERE project_id = {p:String}",
        {"p": collector.project_id},
    )
    assert (row["country"], row["path"], row["origin"]) == ("GB", "/글", "https://xn--3e0b707e.example")
    assert (row["referrer_type"], row["referrer_name"]) == ("social", "Instagram")
    assert "81.2.69.160" not in str(row)
    assert "81.2.69.160" not in collector.log.read_text()
