"""Typed events to rows: what the request adds, what only some senders may say, and that no address is kept."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from collector.enrichment.context import ProjectSettings, RequestContext
from collector.enrichment.geo import Geo
from collector.enrichment.row_builder import Enricher, RowBuilder
from event_lens.contract.parse import Envelope, Rejection, Replay, decode_batch, decode_one, parse
from event_lens.contract.rows import EventRow, OperationRow, timestamp
from tests.unit.collector.enrichment.test_geo import CITIES

NOW = int(datetime(2026, 5, 28, 12, tzinfo=UTC).timestamp() * 1000)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
ADDRESS = "81.2.69.160"
BROWSER = RequestContext(
    project=ProjectSettings("p"),
    received_at_ms=NOW,
    salts={date(2026, 5, 28): "salt"},
    first_day=date(2015, 1, 1),
    address=ADDRESS,
    user_agent=CHROME,
    sdk_name="web",
    sdk_version="1.2",
    origin="https://shop.example",
    accept_language="ko-KR,ko;q=0.9",
)
SERVER = replace(BROWSER, is_verified=True, has_client_address=False, user_agent="python-requests/2.32", origin="")
FORWARDING = replace(SERVER, has_client_address=True)


def source(request: RequestContext = BROWSER) -> RowBuilder:
    return Enricher().builder(request)


def row(request: RequestContext = BROWSER, **payload: Any) -> EventRow:
    made = source(request).row(parse_payload("track", {"name": "a", **payload}))
    assert isinstance(made, EventRow)
    return made


def parse_payload(kind: str, payload: dict[str, Any]) -> Any:
    return parse(Envelope(kind, payload))


def test_a_page_view_of_a_browser_becomes_a_row() -> None:
    made = row(
        name="screen_view",
        deviceId="d",
        sessionId="s",
        profileId=7,
        groups=["g"],
        timestamp="2026-05-28T11:59:00.5Z",
        properties={
            "__path": "https://me:pw@shop.example/a/b?utm_source=google&utm_medium=cpc&x=1#top",
            "__referrer": "https://www.google.com/#x",
            "__title": "Shop",
            "screenWidth": 1280,
            "plan": "pro",
        },
    )
    assert msgspec.to_builtins(made) == {
        "event_id": made.event_id,
        "project_id": "p",
        "name": "screen_view",
        "device_id": "d",
        "device_kind": "client",
        "created_at": timestamp(NOW - 59_500),
        "received_at": timestamp(NOW),
        "profile_id": "7",
        "client_session_id": "s",
        "groups": ["g"],
        "path": "/a/b",
        "origin": "https://shop.example",
        "query": "utm_source=google&utm_medium=cpc&x=1",
        "hash": "top",
        "title": "Shop",
        "referrer": "https://www.google.com/",
        "referrer_name": "Google",
        "referrer_type": "ad",
        "utm_source": "google",
        "utm_medium": "cpc",
        "user_agent": CHROME,
        "os": "Windows",
        "os_version": "10",
        "browser": "Chrome",
        "browser_version": "126.0",
        "device": "desktop",
        "language": "ko-KR",
        "screen_width": 1280,
        "properties": {"plan": "pro"},
        "body_hash": made.body_hash,
        "sdk_name": "web",
        "sdk_version": "1.2",
    }


def test_a_message_id_fixes_the_event_id() -> None:
    first, again, other = row(messageId="m"), row(messageId="m", name="b"), row(messageId="n")
    assert first.event_id == again.event_id != other.event_id
    assert first.event_id != row(replace(BROWSER, project=ProjectSettings("q")), messageId="m").event_id
    assert (first.message_id, first.body_hash) == ("m", 0)
    assert len({row().event_id for _ in range(1000)}) == 1000


def test_equal_bodies_have_equal_hashes_where_duplicates_are_judged_by_them() -> None:
    one = row(properties={"a": 1, "b": {"c": 2, "d": 3}})
    assert one.body_hash == row(properties={"b": {"d": 3, "c": 2}, "a": 1}).body_hash > 0
    assert one.body_hash != row(properties={"a": 2, "b": {"c": 2, "d": 3}}).body_hash
    assert row(SERVER).body_hash == 0
    assert row(replace(BROWSER, import_id="i")).body_hash == 0


HIDDEN = {"__ip": "192.0.2.9", "clientSecret": "hush", "device.__ip": "192.0.2.9", "old.clientSecret": "hush"}


@pytest.mark.parametrize(("kind", "common"), [("track", {"name": "a"}), ("identify", {"profileId": "ada"})])
@pytest.mark.parametrize("sender", [BROWSER, SERVER])
def test_addresses_and_secrets_are_kept_at_no_depth(kind: str, common: dict[str, Any], sender: RequestContext) -> None:
    nested = {"plan": "pro", "user": HIDDEN | {"kept": 1}, "seats": [HIDDEN | {"kept": 2}, [HIDDEN]], **HIDDEN}
    parsed = parse(Envelope(kind, {**common, "properties": nested}))
    made = source(sender).row(parsed)  # type: ignore[arg-type]
    assert made.properties == {"plan": "pro", "user": {"kept": 1}, "seats": ['{"kept":2}', "[{}]"]}
    line = source(sender).line(parsed)  # type: ignore[arg-type]
    assert b"192.0.2.9" not in line.json
    assert b"hush" not in line.json


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize(("kind", "common"), [("track", {"name": "a"}), ("identify", {"profileId": "ada"})])
def test_one_address_or_secret_among_plain_properties_is_not_kept(kind: str, common: dict[str, Any], name: str) -> None:
    body = msgspec.json.encode(
        [{"type": kind, "payload": common | {"properties": {"plan": "pro", name: HIDDEN[name]}}}]
    )
    for item in decode_batch(body).items:
        made = source().row(parse(item))  # type: ignore[arg-type]
        assert made.properties == {"plan": "pro"}


def test_values_that_are_never_stored_are_not_part_of_a_bodys_hash() -> None:
    one = row(properties={"a": {"__ip": "192.0.2.9", "b": 1}})
    assert one.body_hash == row(properties={"a": {"__ip": "198.51.100.1", "b": 1}}).body_hash
    assert one.body_hash != row(properties={"a": {"b": 2}}).body_hash


def test_a_deeply_nested_timestamp_is_hashed_like_any_other() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    assert row(timestamp=deep).body_hash > 0


@pytest.mark.parametrize(
    ("request_", "payload", "kind"),
    [
        (BROWSER, {}, "derived"),
        (BROWSER, {"deviceId": "d"}, "client"),
        (BROWSER, {"properties": {"__deviceId": "d"}}, "client"),
        (BROWSER, {"properties": {"__ip": "192.0.2.1"}}, "derived"),
        (SERVER, {"deviceId": "d"}, "client"),
        (SERVER, {}, "server"),
        (SERVER, {"profileId": "p"}, "server"),
        (SERVER, {"properties": {"__ip": "192.0.2.1"}}, "derived"),
        (FORWARDING, {}, "derived"),
    ],
)
def test_the_kind_of_a_device_follows_from_the_known_ids(
    request_: RequestContext, payload: dict[str, Any], kind: str
) -> None:
    made = row(request_, **payload)
    assert made.device_kind == kind
    assert bool(made.device_id) == (kind != "server" or bool(made.profile_id))


def test_an_address_in_the_body_counts_only_with_a_verified_secret() -> None:
    claimed = {"properties": {"__ip": "192.0.2.1"}}
    assert row(BROWSER, **claimed).device_id == row(BROWSER).device_id
    assert row(FORWARDING, **claimed).device_id == row(replace(FORWARDING, address="192.0.2.1")).device_id


def test_no_address_is_in_any_row() -> None:
    for request in (BROWSER, SERVER, FORWARDING):
        for kind in ("track", "identify"):
            payload = {"name": "a", "profileId": "p", "__ip": "192.0.2.77", "properties": {"__ip": "192.0.2.77"}}
            encoded = msgspec.json.encode(source(request).row(parse_payload(kind, payload)))
            assert b"192.0.2.77" not in encoded
            assert ADDRESS.encode() not in encoded


def test_revenue_needs_a_verified_secret_or_the_project_s_consent() -> None:
    payload = {"properties": {"__revenue": 1e-3, "__currency": "EUR"}}
    assert (row(SERVER, **payload).revenue, row(SERVER, **payload).currency) == ("0.001", "EUR")
    consenting = replace(BROWSER, project=ProjectSettings("p", allow_unsafe_revenue=True))
    assert row(consenting, properties={"__revenue": "-12.50"}).revenue == "-12.5"
    refused = row(BROWSER, **payload)
    assert (refused.revenue, refused.currency) == ("", "")
    assert refused.properties == {"__revenue": 1e-3, "__currency": "EUR"}


@pytest.mark.parametrize(
    ("revenue", "code"),
    [
        ("many", "value_not_a_number"),
        ([], "value_not_a_number"),
        (1e14, "value_out_of_range"),
        ("nan", "value_out_of_range"),
    ],
)
def test_a_revenue_that_cannot_be_stored_is_refused(revenue: Any, code: str) -> None:
    with pytest.raises(Rejection) as caught:
        row(SERVER, properties={"__revenue": revenue})
    assert caught.value.code == code


def test_a_place_needs_a_verified_secret() -> None:
    place = {"country": "SE", "properties": {"__city": "Lund", "__latitude": 55.7, "__longitude": "13.2"}}
    made = row(SERVER, **place)
    assert (made.country, made.city, made.latitude, made.longitude) == ("SE", "Lund", 55.7, 13.2)
    refused = row(BROWSER, **place)
    assert (refused.country, refused.city, refused.latitude) == ("", "", None)


def test_refused_claims_are_checked_like_other_properties() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    with pytest.raises(Rejection, match="nested deeper"):
        row(BROWSER, properties={"__country": deep})


def test_the_place_is_the_address_s_and_a_server_s_own_address_says_nothing() -> None:
    enricher = Enricher(Geo(CITIES))

    def city(request: RequestContext, **payload: Any) -> str:
        return enricher.builder(request).event_row(parse_payload("track", {"name": "a", **payload})).city

    assert city(BROWSER) == city(FORWARDING) == "London"
    assert city(SERVER) == ""
    assert city(SERVER, properties={"__ip": "2.125.160.216"}) == "Boxford"
    assert city(SERVER, properties={"__ip": "nonsense"}) == ""


def test_overrides_win_over_the_user_agent() -> None:
    made = row(properties={"__os": "Plan 9", "__osVersion": 4, "__browser": "Mothra", "__device": "tv", "__brand": "B"})
    assert (made.os, made.os_version, made.browser, made.device, made.brand) == ("Plan 9", "4", "Mothra", "tv", "B")
    assert made.browser_version == "126.0"


def test_top_level_campaign_wins_over_the_query() -> None:
    made = row(path="/?utm_source=a&utm_medium=b", utmSource="c")
    assert (made.utm_source, made.utm_medium) == ("c", "b")


def test_the_page_is_read_from_a_route_with_origin_and_search_apart() -> None:
    made = row(properties={"path": "/x", "origin": "https://shop.example:444/y", "search": "?a=1"})
    assert (made.path, made.origin, made.query) == ("/x", "https://shop.example:444", "a=1")
    assert row(path="/x").origin == "https://shop.example"
    assert row(path="/x", referrer="https://shop.example/before").referrer_type == "internal"


def test_bots_are_marked_and_a_verified_secret_is_exempt() -> None:
    crawler = replace(BROWSER, user_agent="Googlebot/2.1")
    assert (row(crawler).is_bot, row(crawler).bot_reason, row(crawler).device) == (True, "crawler:Googlebot\\/", "bot")
    nobody = source(replace(BROWSER, user_agent=""))
    assert (nobody.is_bot, nobody.bot_reason) == (True, "empty_user_agent")
    assert (row(SERVER).is_bot, row(SERVER).bot_reason, row(SERVER).device) == (False, "", "server")
    assert row().is_bot is False


def test_a_visitor_that_a_server_forwards_keeps_the_device_of_its_agent() -> None:
    assert row(replace(FORWARDING, user_agent=CHROME)).device == "desktop"
    assert row(FORWARDING).device == "server"
    crawler = replace(FORWARDING, user_agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    assert (row(crawler).device, row(crawler).is_bot) == ("bot", False)


def test_long_headers_are_cut() -> None:
    made = row(replace(BROWSER, user_agent="x" * 65_536, sdk_name="n" * 9999, accept_language="l" * 9999))
    assert (len(made.user_agent), len(made.sdk_name), len(made.language)) == (1024, 255, 255)


def test_headers_that_are_no_unicode_are_mended() -> None:
    hostile = replace(
        BROWSER, user_agent="a\udcff", sdk_name="\ud800", accept_language="\udc80", origin="https://\udc80.x"
    )
    assert b'"user_agent":"a?"' in msgspec.json.encode(row(hostile))


def test_a_time_before_the_first_day_is_refused_for_every_type() -> None:
    for kind in ("track", "identify"):
        with pytest.raises(Rejection) as caught:
            source().row(parse_payload(kind, {"name": "a", "profileId": "p", "timestamp": "1969-12-31"}))
        assert caught.value.code == "timestamp_too_old"


DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("accept_days", "is_verified", "days"),
    [(-1, False, 30), (-1, True, None), (0, False, None), (5, False, 5), (5, True, 5)],
)
def test_events_are_taken_as_far_back_as_the_project_accepts(
    accept_days: int, is_verified: bool, days: int | None
) -> None:
    project = replace(BROWSER.project, accept_days=accept_days)
    made = source(replace(BROWSER, project=project, is_verified=is_verified))
    for kind in ("track", "identify"):
        oldest = NOW - (days or 4_000) * DAY_MS
        made.row(parse_payload(kind, {"name": "a", "profileId": "p", "timestamp": oldest}))
        if days is not None:
            with pytest.raises(Rejection) as refused:
                made.row(parse_payload(kind, {"name": "a", "profileId": "p", "timestamp": oldest - 1}))
            assert refused.value.code == "timestamp_too_old"


def test_imports_are_not_bound_by_how_old_events_may_be() -> None:
    project = replace(BROWSER.project, accept_days=5)
    made = source(replace(BROWSER, project=project, import_id="imp"))
    made.row(parse_payload("track", {"name": "a", "timestamp": NOW - 4_000 * DAY_MS}))


def test_a_time_of_a_day_that_is_closed_is_too_late_for_every_type() -> None:
    limited = replace(BROWSER, first_day_taken=date(2026, 5, 10))
    for kind in ("track", "identify"):
        sent = {"name": "a", "profileId": "p", "timestamp": "2026-05-09T23:59:59Z"}
        with pytest.raises(Rejection) as caught:
            source(limited).row(parse_payload(kind, sent))
        assert caught.value.code == "too_late"
        assert source(limited).row(parse_payload(kind, sent | {"timestamp": "2026-05-10T00:00:00Z"}))


def test_an_operation_becomes_a_row() -> None:
    made = source().row(parse_payload("identify", {"profileId": 7, "email": "ada@example.com", "plan": "pro"}))
    assert isinstance(made, OperationRow)
    assert (made.operation, made.profile_id, made.email, made.properties) == (
        "identify",
        "7",
        "ada@example.com",
        {"plan": "pro"},
    )
    assert (made.device_kind, made.created_at, made.user_agent) == ("derived", timestamp(NOW), CHROME)


@given(st.data())
def test_whatever_is_parsed_becomes_a_row_that_can_be_written(data: st.DataObject) -> None:
    keys = st.sampled_from(
        ["name", "profileId", "country", "path", "search", "utmSource", "os", "timestamp", "referrer", "x"]
    )
    reserved = st.sampled_from(
        ["__ip", "__path", "__revenue", "__latitude", "__device", "search", "screenWidth", "a.b"]
    )
    value = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)
    payload: dict[str, Any] = data.draw(st.dictionaries(keys, value)) | {
        "properties": data.draw(st.dictionaries(reserved | st.text(), value))
    }
    kind = data.draw(st.sampled_from(["track", "identify"]))
    with suppress(Rejection):
        parsed = parse(decode_one(msgspec.json.encode({"type": kind, "payload": payload})))
        assert not isinstance(parsed, Replay)
        for request in (BROWSER, SERVER):
            msgspec.json.encode(source(request).row(parsed))
