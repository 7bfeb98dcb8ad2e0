"""PyPI openpanel, unmodified: it sends one after the other from a thread of its own, and nulls for what it lacks."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openpanel import OpenPanel  # type: ignore[import-untyped]

from tests.sdks.conftest import BASE_PATH
from tests.sdks.proxy import Tap, tapped
from tests.sdks.site import Site

WITHIN_SECONDS = 20.0


@pytest.fixture
def start(site: Site) -> Iterator[Callable[..., tuple[Any, Tap]]]:
    """Starts the client with a tap on what it sends; its threads end with the test."""
    started = []
    with tapped(site.collector.port) as tap:

        def start_client(**options: Any) -> tuple[Any, Tap]:
            options = {"client_secret": site.secret, "api_url": tap.url, **options}
            started.append(OpenPanel(site.client_id, **options))
            return started[-1], tap

        yield start_client
        for client in started:
            client._cleanup()
            client.loop.close()


def wait_for(tap: Tap, count: int) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while len(tap.heard) < count:
        assert time.monotonic() < deadline, tap.heard
        time.sleep(0.01)


def test_every_method_reaches_the_warehouse(site: Site, start: Callable[..., tuple[Any, Tap]]) -> None:
    client, tap = start()
    client.set_global_properties({"app": "shop"})
    client.track("before", {"plan": "pro", "__path": "https://shop.example.com/pricing"})
    client.identify("p-1", {"firstName": "Ada", "email": "ada@example.com", "properties": {"tier": "gold"}})
    client.track("after")
    client.increment("p-1", "visits")
    client.decrement("p-1", "credit", 2)
    client.alias("p-1", "p-old")
    client.clear()
    client.track("cleared")
    wait_for(tap, 7)
    assert tap.statuses() == [200] * 7
    assert b'"profileId": null' in tap.heard[0].body
    assert b'"value": null' in tap.heard[3].body

    events = {row["name"]: row for row in site.events()}
    assert {name: row["profile_id"] for name, row in events.items()} == {"before": "", "after": "p-1", "cleared": ""}
    assert events["before"]["properties"] == {"app": "shop", "plan": "pro"}
    assert events["before"]["path"] == "/pricing"
    assert events["cleared"]["properties"] == {}
    assert {(row["sdk_name"], row["sdk_version"]) for row in events.values()} == {("python", "0.0.1")}
    assert {row["device_kind"] for row in events.values()} == {"server"}
    assert not any(row["is_bot"] for row in events.values()), "a verified secret is exempt"

    identify, increment, decrement, alias = site.operations()
    assert (identify["first_name"], identify["email"]) == ("Ada", "ada@example.com")
    assert identify["properties"] == {"app": "shop", "tier": "gold"}
    assert (increment["property"], float(increment["value"])) == ("visits", 1)
    assert (decrement["property"], float(decrement["value"])) == ("credit", 2)
    assert (alias["profile_id"], alias["alias"]) == ("p-1", "p-old")
    assert not site.quarantine()


def test_a_filtered_or_disabled_client_sends_nothing(site: Site, start: Callable[..., tuple[Any, Tap]]) -> None:
    disabled, _ = start(disabled=True)
    disabled.track("disabled")
    client, tap = start(filter=lambda sent: sent["payload"]["name"] != "noise")
    client.track("noise")
    client.track("signal")
    wait_for(tap, 1)
    assert [row["name"] for row in site.events()] == ["signal"]


def test_a_wrong_secret_is_printed_and_not_tried_again(
    site: Site, start: Callable[..., tuple[Any, Tap]], capsys: pytest.CaptureFixture[str]
) -> None:
    client, tap = start(client_secret="sec_wrong")
    client.track("refused")
    client.track("refused too")
    wait_for(tap, 2)
    assert tap.statuses() == [401, 401]
    assert "HTTP 401" in capsys.readouterr().out
    assert not site.events()


def test_the_base_path_is_all_that_changes_for_a_client_behind_it(
    site: Site, start: Callable[..., tuple[Any, Tap]]
) -> None:
    client, tap = start()
    client.api_url = f"{tap.url}{BASE_PATH}"
    client.track("behind")
    wait_for(tap, 1)
    assert [row["name"] for row in site.events()] == ["behind"]
