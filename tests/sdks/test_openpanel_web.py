"""npm @openpanel/web, unmodified, in a real Chromium on pages of another origin than the collector."""

import json
from collections.abc import Iterator

import pytest

from event_lens.warehouse.client import Warehouse
from tests.sdks.browser_visit import Visit, visit
from tests.sdks.site import HOST, Site
from tests.unit.collector.conftest import CollectorProcess

pytestmark = pytest.mark.usefixtures("chromium")


@pytest.fixture(scope="module")
def whole_visit(chromium: str, collector: CollectorProcess, warehouse_url: str) -> Iterator[Visit]:
    with Warehouse(warehouse_url) as warehouse:
        site = Site(collector, warehouse, allow_unsafe_revenue=True)
        yield visit("wholeVisit", site, chromium)


def test_the_browser_has_nothing_to_complain_of(whole_visit: Visit) -> None:
    assert whole_visit.result["problems"] == []
    assert "partner.example.net" in whole_visit.result["end"]


def test_a_preflight_comes_first_and_allows_what_the_client_sends(whole_visit: Visit) -> None:
    preflight, post = whole_visit.heard[:2]
    assert (preflight.method, preflight.path, preflight.status) == ("OPTIONS", "/track", 204)
    assert preflight.headers["access-control-request-method"] == "POST"
    asked = set(preflight.headers["access-control-request-headers"].split(","))
    assert {"content-type", "openpanel-client-id", "openpanel-sdk-name", "openpanel-sdk-version"} <= asked
    assert "openpanel-client-id" not in preflight.headers
    assert (post.method, post.status) == ("POST", 200)
    assert post.headers["origin"] == f"http://{HOST}:{whole_visit.port}"
    assert "openpanel-client-secret" not in post.headers
    sends = [heard for heard in whole_visit.heard if heard.method == "POST"]
    preflights = [heard for heard in whole_visit.heard if heard.method == "OPTIONS"]
    assert len(preflights) < len(sends), "the answer to a preflight is not remembered by the browser"


def test_navigation_makes_a_screen_view_of_each_page(whole_visit: Visit) -> None:
    views = whole_visit.named("screen_view")
    assert [view["path"] for view in views] == ["/", "/pricing", "/가격", "/", "/"]
    assert {view["origin"] for view in views} == {f"http://{HOST}:{whole_visit.port}"}
    assert {view["title"] for view in views} == {"The shop"}
    assert (views[1]["query"], views[1]["hash"]) == ("ref=nav", "plans")


def test_the_first_view_knows_where_the_visitor_came_from(whole_visit: Visit) -> None:
    first = whole_visit.named("screen_view")[0]
    assert first["referrer"].startswith("http://www.google.com")
    assert (first["utm_source"], first["utm_medium"]) == ("news", "email")
    assert first["hash"] == "top"
    assert "s3cret" not in json.dumps(first, default=str)


def test_all_of_a_visit_has_one_derived_device_and_the_session_of_the_answers(whole_visit: Visit) -> None:
    devices = {(row["device_id"], row["device_kind"]) for row in whole_visit.events + whole_visit.operations}
    assert devices == {(whole_visit.result["ids"]["device"], "derived")}
    assert whole_visit.result["ids"]["session"]
    browsers = {(row["browser"], row["os"], row["device"], row["language"]) for row in whole_visit.events}
    assert browsers == {("Chrome", "Linux", "desktop", "ko-KR")}
    assert {(row["sdk_name"], row["sdk_version"]) for row in whole_visit.events} == {("web", "1.4.1")}
    assert not any(row["is_bot"] for row in whole_visit.events)


def test_a_click_on_a_marked_button_is_an_event_with_its_attributes(whole_visit: Visit) -> None:
    (click,) = whole_visit.named("add_to_cart")
    assert click["properties"] == {"productId": "42"}


def test_a_link_that_leaves_the_site_is_sent_while_the_page_goes_away(whole_visit: Visit) -> None:
    (link,) = whole_visit.named("link_out")
    assert link["properties"] == {"href": f"http://partner.example.net:{whole_visit.port}/deal", "text": "Partner"}


def test_a_login_names_the_visitor_from_then_on(whole_visit: Visit) -> None:
    assert [row["operation"] for row in whole_visit.operations] == ["identify", "increment", "assign_group"]
    assert {row["profile_id"] for row in whole_visit.operations} == {"p-1"}
    (checkout,) = whole_visit.named("checkout")
    assert (checkout["profile_id"], checkout["groups"]) == ("p-1", ["team-1"])
    assert checkout["path"] == "/"
    assert whole_visit.named("add_to_cart")[0]["profile_id"] == ""


def test_revenue_counts_also_what_was_pending_over_a_reload(whole_visit: Visit) -> None:
    sold, pending = whole_visit.named("revenue")
    assert (float(sold["revenue"]), sold["currency"]) == (25, "KRW")
    assert float(pending["revenue"]) == 10.5
    assert pending["properties"] == {"order": 7}


def test_a_headless_browser_under_its_own_name_is_told_that_it_is_a_bot_and_kept(site: Site, chromium: str) -> None:
    seen = visit("oneView", site, chromium, user_agent=None)
    assert "Headless" in seen.result["userAgent"]
    assert [heard.status for heard in seen.heard if heard.method == "POST"] == [202]
    (row,) = seen.events
    assert row["is_bot"]
    assert row["device"] == "bot"


def test_a_recording_is_taken_and_dropped(site: Site, chromium: str) -> None:
    seen = visit("recorded", site, chromium)
    kinds = [json.loads(heard.body)["type"] for heard in seen.heard if heard.method == "POST"]
    assert kinds[:2] == ["track", "replay"]
    assert {heard.status for heard in seen.heard if heard.method == "POST"} == {200}
    assert [row["name"] for row in seen.events] == ["screen_view"]


def test_a_beacon_needs_no_preflight_and_no_headers(site: Site, chromium: str) -> None:
    seen = visit("beacon", site, chromium)
    assert [(heard.method, heard.status) for heard in seen.heard] == [("POST", 200)]
    assert seen.heard[0].headers["content-type"].startswith("text/plain")
    assert [row["name"] for row in seen.events] == ["left"]


def test_an_older_client_asks_for_the_device_its_events_will_have(site: Site, chromium: str) -> None:
    seen = visit("oldFetchDeviceId", site, chromium)
    assert [(heard.method, heard.path) for heard in seen.heard if heard.method != "OPTIONS"] == [
        ("GET", "/track/device-id"),
        ("POST", "/track"),
    ]
    assert seen.result["fetched"] == seen.result["sent"]["deviceId"] == seen.events[0]["device_id"] != ""


def test_a_page_of_another_site_may_not_send_and_does_not_send_again(site: Site, chromium: str) -> None:
    seen = visit("oneView", site, chromium, host=f"{HOST}.evil.example")
    assert [heard.status for heard in seen.heard if heard.method == "POST"] == [401]
    assert seen.events == []
