"""The collector's /op1.js in a real Chromium, on pages of another origin whose policy allows nothing inline."""

from collections.abc import Iterator

import pytest

from event_lens.warehouse.client import Warehouse
from tests.sdks.browser_visit import Visit, visit
from tests.sdks.site import HOST, Site
from tests.unit.collector.conftest import CollectorProcess

KEY = "eventlens-device"
pytestmark = pytest.mark.usefixtures("chromium")


@pytest.fixture(scope="module")
def tagged(chromium: str, collector: CollectorProcess, warehouse_url: str) -> Iterator[Visit]:
    with Warehouse(warehouse_url) as warehouse:
        yield visit("tagged", Site(collector, warehouse), chromium)


def test_a_strict_policy_has_nothing_to_complain_of(tagged: Visit) -> None:
    assert tagged.result["problems"] == []
    assert {heard.status for heard in tagged.heard} <= {200, 204}


def test_the_tag_alone_counts_views_and_clicks(tagged: Visit) -> None:
    first, *_ = tagged.named("screen_view")
    assert (first["path"], first["title"]) == ("/tagged", "The tagged shop")
    assert first["origin"] == f"http://{HOST}:{tagged.port}"
    assert (first["sdk_name"], first["is_bot"]) == ("web", False)
    assert [click["properties"] for click in tagged.named("add_to_cart")] == [{"productId": "42"}] * 2
    assert tagged.named("checkout")[0]["properties"] == {"items": 2}


def test_the_browser_asks_for_the_script_once(tagged: Visit) -> None:
    assert [heard.path for heard in tagged.heard if heard.method == "GET"] == ["/op1.js"]


def test_nothing_is_stored_in_a_browser_unasked(tagged: Visit) -> None:
    without = tagged.result["without"]
    assert without["stored"] == {}
    (checkout,) = tagged.named("checkout")
    assert (checkout["device_kind"], checkout["device_id"]) == ("derived", without["device"])


def test_a_device_that_agreed_is_the_same_on_the_next_pages(tagged: Visit) -> None:
    first, second = tagged.result["first"], tagged.result["second"]
    assert first["stored"] == second["stored"] == {KEY: first["device"]}
    assert len(first["device"]) == 32
    views = [view for view in tagged.named("screen_view") if view["device_kind"] == "client"]
    assert [view["path"] for view in views] == ["/tagged", "/queued"]
    of_device = [*views, *tagged.named("early"), *tagged.operations]
    assert {row["device_id"] for row in of_device} == {first["device"]}


def test_calls_of_a_page_before_the_script_has_loaded_are_sent(tagged: Visit) -> None:
    (early,) = tagged.named("early")
    assert early["properties"] == {"plan": "pro"}


def test_a_device_that_withdraws_its_consent_is_forgotten(tagged: Visit) -> None:
    forgotten = tagged.result["forgotten"]
    assert forgotten["stored"] == {}
    (row,) = tagged.named("forgotten")
    assert (row["device_kind"], row["device_id"]) == ("derived", forgotten["device"])
    assert row["device_id"] != tagged.result["first"]["device"]


def test_attributes_turn_off_the_defaults(tagged: Visit) -> None:
    assert [view["path"] for view in tagged.named("screen_view")] == ["/tagged", "/tagged", "/queued"]


def test_a_page_with_two_tags_counts_once(chromium: str, site: Site) -> None:
    seen = visit("twice", site, chromium)
    assert seen.result["problems"] == []
    assert [row["name"] for row in seen.events] == ["screen_view", "still_there"]
