"""npm @openpanel/sdk, unmodified, on a server: what it sends and what of it is in the warehouse."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.ports import free_port
from tests.sdks.client_process import need_node, run_scenario
from tests.sdks.proxy import tapped
from tests.sdks.site import Site
from tests.unit.collector.conftest import CollectorProcess

pytestmark = pytest.mark.usefixtures("node")


@pytest.fixture(scope="module")
def node() -> None:
    need_node()


def run(scenario: str, site: Site, **options: Any) -> Any:
    return run_scenario("openpanel_sdk.mjs", scenario, **{**site.with_secret, **options})


def test_every_method_is_answered_and_reaches_the_warehouse(site: Site) -> None:
    result = run("everyMethod", site)
    for answer in result["answers"].values():
        assert answer["success"] is True
        assert isinstance(answer["deviceId"], str)
        assert isinstance(answer["sessionId"], str)
    assert result["ids"]["device"] == "d-9" == result["ids"]["fetched"]
    assert result["ids"]["session"]

    events = {row["name"]: row for row in site.events()}
    assert set(events) == {"signed_up", "opened", "revenue", "anonymous"}
    assert events["signed_up"]["profile_id"] == "p-0"
    assert events["signed_up"]["groups"] == ["team-0"]
    assert events["signed_up"]["properties"] == {"app": "shop", "plan": "pro"}
    assert (events["signed_up"]["sdk_name"], events["signed_up"]["sdk_version"]) == ("node", "1.3.1")
    assert events["opened"]["profile_id"] == "p-1"
    assert events["opened"]["groups"] == ["team-1", "team-2", "team-3"]
    assert events["revenue"]["device_id"] == "d-9"
    assert (float(events["revenue"]["revenue"]), events["revenue"]["currency"]) == (12.5, "EUR")
    assert events["revenue"]["properties"] == {"app": "shop", "order": 7}
    assert events["anonymous"]["profile_id"] == ""
    assert events["anonymous"]["device_kind"] == "server"

    operations = {row["operation"]: row for row in site.operations()}
    assert len(site.operations()) == 6
    assert operations["identify"]["profile_id"] == "p-1"
    assert operations["identify"]["first_name"] == "Ada"
    assert operations["identify"]["email"] == "ada@example.com"
    assert operations["identify"]["properties"] == {"app": "shop", "tier": "gold"}
    assert (operations["increment"]["property"], float(operations["increment"]["value"])) == ("visits", 3)
    assert (operations["decrement"]["property"], float(operations["decrement"]["value"])) == ("credit", 1)
    assert operations["group"]["group_id"] == "team-1"
    assert operations["group"]["properties"] == {"seats": 5}
    assigned = [row["groups"] for row in site.operations() if row["operation"] == "assign_group"]
    assert assigned == [["team-1"], ["team-2", "team-3"]]
    assert operations["assign_group"]["profile_id"] == "p-1"
    assert not site.quarantine()


def test_a_numeric_profile_id_is_the_same_profile_as_its_text(site: Site) -> None:
    run("numericProfile", site)
    assert [row["profile_id"] for row in site.operations()] == ["42"]
    assert [row["profile_id"] for row in site.events()] == ["42"]


def test_events_queued_offline_land_with_the_time_at_which_they_happened(site: Site) -> None:
    result = run("offlineUntilReady", site)
    assert result["left"] == 0
    first, second, increment = result["queued"]
    assert increment is None
    rows = site.events()
    assert [row["name"] for row in rows] == ["first", "second"]
    happened = [row["created_at"].replace(tzinfo=UTC) for row in rows]
    assert happened == [datetime.fromisoformat(first), datetime.fromisoformat(second)]
    assert all((row["received_at"] - row["created_at"]).total_seconds() >= 0.3 for row in rows)
    assert [row["properties"] for row in rows] == [{"n": 1}, {"n": 2}]
    assert [row["operation"] for row in site.operations()] == ["increment"]


def test_events_that_waited_for_a_profile_carry_the_profile(site: Site) -> None:
    assert run("waitForProfile", site) == {"queued": 1, "left": 0}
    assert [(row["name"], row["profile_id"]) for row in site.events()] == [("before_login", "p-7")]


def test_a_filter_keeps_events_from_being_sent(site: Site) -> None:
    run("filtered", site)
    assert [row["name"] for row in site.events()] == ["signal"]


def test_a_replay_waits_for_a_session_and_is_taken_and_dropped(site: Site) -> None:
    with tapped(site.collector.port) as tap:
        assert run("replayAfterTrack", site, apiUrl=tap.url) == {"queued": 1, "left": 0}
        assert [heard.body[:16] for heard in tap.heard] == [b'{"type":"track",', b'{"type":"replay"']
        assert tap.statuses() == [200, 200]
    assert [row["name"] for row in site.events()] == ["opened"]
    assert not site.quarantine()


def test_a_client_under_the_base_path_is_served_as_well(site: Site) -> None:
    assert run("one", site, apiUrl=f"{site.url}/api/v1/analytics")["answer"]["success"] is True
    assert [row["name"] for row in site.events()] == ["tried"]


def test_a_wrong_secret_is_sent_once(site: Site) -> None:
    with tapped(site.collector.port) as tap:
        assert run("one", site, apiUrl=tap.url, clientSecret="sec_wrong")["answer"] is None
        assert tap.statuses() == [401]
    assert not site.events()


def test_a_full_spool_is_tried_again_until_the_event_is_taken_once(
    site: Site, start_collector: Callable[..., CollectorProcess]
) -> None:
    full = start_collector(
        f"http://127.0.0.1:{free_port()}",
        EVENTLENS_SPOOL_MAX_BYTES="1",
        EVENTLENS_REGISTRY_URL=site.collector.settings.registry_address,
    )
    full.track("fills the spool")
    assert full.track("too much").status_code == 503
    with tapped(full.port, switch_after=2, then=site.collector.port) as tap:
        result = run("one", site, apiUrl=tap.url)
        assert tap.statuses() == [503, 503, 200]
    assert result["answer"]["success"] is True
    assert result["milliseconds"] >= 1500
    assert [row["name"] for row in site.events()] == ["tried"]


def test_an_older_client_asks_for_its_device_before_it_sends(site: Site) -> None:
    with tapped(site.collector.port) as tap:
        result = run("oldFetchDeviceId", site, apiUrl=tap.url)
        assert [(heard.method, heard.path, heard.status) for heard in tap.heard] == [
            ("GET", "/track/device-id", 200),
            ("POST", "/track", 200),
        ]
    assert result["fetched"] == result["answer"]["deviceId"]
