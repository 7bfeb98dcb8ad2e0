"""Exports of other tools: a record each, and what of it is a row; the same from CSV, JSON and Parquet."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest

from collector.enrichment.user_agent import parse_user_agent
from collector.imports.event_frame import Chunk, split_readable
from collector.imports.operation_frame import make_operations
from collector.imports.row_frame import make_rows
from collector.imports.sources import SOURCES, Options
from event_lens.errors import Refused
from tests.unit.collector.imports.logs import CHROME, FIRST_MS, NOW, importer, line

AT = "2026-08-12T07:00:00+00:00"

UMAMI = {
    "event_id": "e1", "session_id": "s1", "visit_id": "v1", "created_at": "2026-08-12 07:00:00", "event_type": "1",
    "hostname": "shop.example", "url_path": "/a", "url_query": "utm_source=news", "referrer_domain": "www.google.com",
    "referrer_path": "/", "page_title": "A", "browser": "chrome", "os": "Windows 10", "device": "laptop",
    "screen": "1920x1080", "language": "de-DE", "country": "DE", "region": "DE-BE", "city": "Berlin",
}  # fmt: skip
PLAUSIBLE = {
    "timestamp": "2026-08-12 07:00:00", "name": "pageview", "site_id": "1", "user_id": "77", "session_id": "88",
    "hostname": "shop.example", "pathname": "/a", "referrer": "google.com", "utm_source": "news",
    "screen_size": "Laptop",
    "browser": "Chrome", "browser_version": "141.0", "operating_system": "Windows", "operating_system_version": "10",
    "country_code": "DE", "subdivision1_code": "DE-BE", "meta.key": "['plan']", "meta.value": "['pro']",
}  # fmt: skip
OPENPANEL = {
    "id": "e1", "name": "screen_view", "deviceId": "d1", "profileId": "d1", "sessionId": "s1", "createdAt": AT,
    "path": "/a", "origin": "https://shop.example", "referrer": "https://www.google.com/", "country": "DE",
    "browser": "Chrome", "browserVersion": "141.0", "os": "Windows", "osVersion": "10", "device": "desktop",
    "properties": {"__title": "A", "__query.utm_source": "news", "plan": "pro"},
}  # fmt: skip
GA4: dict[str, Any] = {
    "event_name": "page_view", "event_timestamp": "1786518000000123", "user_pseudo_id": "d1", "user_id": None,
    "event_bundle_sequence_id": "9", "stream_id": "3",
    "event_params": [
        {"key": "page_location", "value": {"string_value": "https://shop.example/a?utm_source=news"}},
        {"key": "page_referrer", "value": {"string_value": "https://www.google.com/", "int_value": None}},
        {"key": "ga_session_id", "value": {"string_value": None, "int_value": "1786518000"}},
        {"key": "plan", "value": {"string_value": "pro", "int_value": None}},
    ],
    "device": {"category": "desktop", "operating_system": "Windows", "operating_system_version": "Windows 10",
               "language": "de-de", "web_info": {"browser": "Chrome", "browser_version": "141.0"}},
    "geo": {"country": "Germany", "region": "Berlin", "city": "Berlin"},
}  # fmt: skip
MATOMO = {
    "idVisit": 5, "visitorId": "d1", "userId": None, "referrerUrl": "https://www.google.com/", "deviceType": "Desktop",
    "browserName": "Chrome", "browserVersion": "141.0", "operatingSystemName": "Windows",
    "operatingSystemVersion": "10", "countryCode": "de", "region": "Berlin", "city": "Berlin",
    "resolution": "1920x1080", "deviceBrand": "Unknown", "languageCode": "de-de",
    "actionDetails": [
        {"type": "action", "url": "https://shop.example/a?utm_source=news", "pageTitle": "A", "timestamp": 1786518000},
        {"type": "event", "eventCategory": "c", "eventAction": "signup", "timestamp": 1786518060},
        {"type": "ecommerceOrder", "orderId": "o1", "revenue": "12.50", "timestamp": 1786518070},
    ],
}  # fmt: skip
SEGMENT = {
    "type": "page", "messageId": "m1", "anonymousId": "d1", "userId": None, "timestamp": AT, "name": "Home",
    "properties": {"url": "https://shop.example/a", "referrer": "https://www.google.com/", "title": "A", "plan": "pro"},
    "context": {"userAgent": CHROME, "ip": "81.2.69.160", "locale": "de-DE", "campaign": {"source": "news"},
                "screen": {"width": 1920, "height": 1080}},
}  # fmt: skip
POSTHOG = {
    "uuid": "e1", "event": "$pageview", "distinct_id": "d1", "timestamp": "2026-08-12 07:00:00.000000",
    "properties": json.dumps(
        {"$current_url": "https://shop.example/a", "$referrer": "https://www.google.com/", "$device_id": "d1",
         "$session_id": "s1", "$browser": "Chrome", "$browser_version": 141, "$os": "Windows", "$os_version": "10",
         "$device_type": "Desktop", "$geoip_country_code": "DE", "utm_source": "news", "title": "A", "plan": "pro",
         "$screen_width": 1920, "$screen_height": 1080}
    ),
}  # fmt: skip
RECORDS: dict[str, dict[str, Any]] = {
    "umami": UMAMI, "plausible": PLAUSIBLE, "openpanel": OPENPANEL, "ga4": GA4, "matomo": MATOMO, "segment": SEGMENT,
    "posthog": POSTHOG,
}  # fmt: skip


def chunks_of(source: str, path: Path, **options: Any) -> list[Chunk]:
    return list(SOURCES[source].read(path, Options(**options)))


def rows_of(source: str, path: Path, **options: Any) -> pl.DataFrame:
    events = pl.concat([chunk.events for chunk in chunks_of(source, path, **options)])
    kept, refused = split_readable(events, FIRST_MS, NOW)
    assert refused.height == 0
    return make_rows(kept, importer(is_log=False)).rows


def calls_of(source: str, path: Path) -> list[dict[str, Any]]:
    """The operations that a file's calls become, without what is at its default."""
    calls = pl.concat([chunk.calls for chunk in chunks_of(source, path)])
    made = make_operations(calls, importer(is_log=False))
    assert made.unreadable.height == 0
    usual = ("number", "content", "project_id", "received_at", "created_at", "import_id", "bot_reason", "user_agent")
    rows = [{name: value for name, value in row.items() if name not in usual} for row in made.rows.rows(named=True)]
    return [{name: value for name, value in row.items() if value not in ("", [], "{}", False)} for row in rows]


def written(folder: Path, *records: dict[str, Any]) -> Path:
    path = folder / "export.json"
    path.write_text("\n".join(map(json.dumps, records)))
    return path


@pytest.mark.parametrize("source", RECORDS)
def test_a_view_of_every_tool_is_the_same_view(tmp_path: Path, source: str) -> None:
    row = rows_of(source, written(tmp_path, RECORDS[source])).row(0, named=True)
    assert row["created_at"].isoformat() == AT
    assert row["name"] in ("screen_view", "page_view")
    assert (row["origin"], row["path"]) == ("https://shop.example", "/a")
    assert (row["referrer_name"], row["referrer_type"], row["utm_source"]) == ("Google", "search", "news")
    assert (row["browser"], row["device"], row["device_kind"]) == ("Chrome", "desktop", "client")
    assert row["os"].startswith("Windows")
    assert row["profile_id"] == ""
    assert row["is_bot"] is False
    if source != "segment":  # the collector's own database of places is for that
        assert row["country"] == "DE"
    if source not in ("umami", "matomo"):
        assert json.loads(row["properties"]) == {"plan": "pro"}


@pytest.mark.parametrize("source", ["umami", "plausible", "openpanel", "posthog"])
def test_a_csv_and_a_parquet_file_are_read_as_the_json_is(tmp_path: Path, source: str) -> None:
    record = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in RECORDS[source].items()}
    frame = pl.DataFrame([record])
    frame.write_csv(tmp_path / "export.csv")
    frame.write_parquet(tmp_path / "export.parquet")
    expected = rows_of(source, written(tmp_path, RECORDS[source])).drop("number")
    for name in ("export.csv", "export.parquet"):
        assert rows_of(source, tmp_path / name).drop("number").equals(expected)


def test_nested_parquet_of_bigquery_is_read(tmp_path: Path) -> None:
    pl.DataFrame([GA4 | {"event_timestamp": 1786518000000123}], infer_schema_length=None).write_parquet(
        tmp_path / "ga4"
    )
    expected = rows_of("ga4", written(tmp_path, GA4)).drop("number")
    assert rows_of("ga4", tmp_path / "ga4").drop("number").equals(expected)


def test_a_visit_of_matomo_is_its_actions_and_only_the_first_has_its_referrer(tmp_path: Path) -> None:
    path = tmp_path / "visits.json"
    path.write_text(json.dumps([MATOMO]))
    rows = rows_of("matomo", path)
    assert rows.select("name", "path", "referrer", "client_session_id").rows() == [
        ("screen_view", "/a", "https://www.google.com/", "5"), ("signup", "/a", "", "5"), ("purchase", "/a", "", "5"),
    ]  # fmt: skip
    assert float(rows["revenue"][2]) == 12.5
    assert rows["content"].n_unique() == 3


@pytest.mark.parametrize(
    ("page", "visit", "expected"),
    [
        ("?mtm_campaign=Summer&mtm_source=letter&mtm_medium=email", {}, ("letter", "email", "Summer", "email")),
        ("?pk_campaign=Summer&pk_kwd=shoes", {}, ("", "", "Summer", "direct")),
        ("", {"referrerType": "campaign", "referrerName": "Summer"}, ("", "", "Summer", "direct")),
        ("", {"campaignName": "Summer", "campaignSource": "google", "campaignMedium": "cpc"},
         ("google", "cpc", "Summer", "ad")),
        ("", {"referrerType": "search", "referrerName": "Google"}, ("", "", "", "direct")),
        ("?utm_campaign=Own&pk_campaign=", {}, ("", "", "Own", "direct")),
    ],
)  # fmt: skip
def test_a_visit_of_matomo_keeps_the_campaign_it_came_by(
    tmp_path: Path, page: str, visit: dict[str, str], expected: tuple[str, ...]
) -> None:
    first = {"type": "action", "url": f"https://shop.example/a{page}", "timestamp": 1786518000}
    path = written(tmp_path, MATOMO | {"referrerUrl": ""} | visit | {"actionDetails": [first]})
    row = rows_of("matomo", path).row(0, named=True)
    assert tuple(row[name] for name in ("utm_source", "utm_medium", "utm_campaign", "referrer_type")) == expected


def test_browsers_of_umami_have_the_names_that_agents_give(tmp_path: Path) -> None:
    agent = f"{CHROME} Edg/141.0.0.0"
    path = written(tmp_path, UMAMI | {"browser": "edge-chromium"})
    assert rows_of("umami", path)["browser"].to_list() == [parse_user_agent(agent).browser]


def test_properties_of_plausible_may_hold_quotes(tmp_path: Path) -> None:
    texts = {"meta.key": "['plan','said','none']", "meta.value": "['a \\'b\\'','say \"hi\", ok','']"}
    path = written(tmp_path, PLAUSIBLE | texts)
    assert json.loads(rows_of("plausible", path)["properties"][0]) == {"plan": "a 'b'", "said": 'say "hi", ok'}


def test_groups_named_by_events_of_posthog_are_the_persons_groups(tmp_path: Path) -> None:
    def event(person: str, groups: Any) -> dict[str, Any]:
        said = {"$device_id": "d1", "$groups": groups}
        return POSTHOG | {"uuid": uuid4().hex, "distinct_id": person, "properties": said}

    office = {"company": "acme", "team": 5}
    path = written(
        tmp_path, event("ada", office), event("ada", office), event("d1", office), event("eve", office),
        event("ada", {"company": "other"}), event("eve", {"a": None, "b": ["x"], "c": ""}), event("eve", "x"),
    )  # fmt: skip
    assert [(call["operation"], call["profile_id"], call["groups"]) for call in calls_of("posthog", path)] == [
        ("assign_group", "ada", ["acme"]), ("assign_group", "ada", ["5"]), ("assign_group", "eve", ["acme"]),
        ("assign_group", "eve", ["5"]), ("assign_group", "ada", ["other"]),
    ]  # fmt: skip


def test_amounts_and_times_beyond_all_numbers_are_unreadable(tmp_path: Path) -> None:
    back = GA4 | {"event_name": "refund", "ecommerce": {"refund_value": "12,50"}}
    for source, record in {
        "ga4": back,
        "openpanel": OPENPANEL | {"revenue": "NaN"},
        "segment": SEGMENT | {"type": "track", "event": "buy", "properties": {"revenue": 1e300}},
        "posthog": POSTHOG | {"timestamp": 10**400},
    }.items():
        events = pl.concat([chunk.events for chunk in chunks_of(source, written(tmp_path, record))])
        assert split_readable(events, FIRST_MS, NOW)[1].height == 1


def test_an_answer_of_openpanels_export_holds_many_events(tmp_path: Path) -> None:
    path = written(tmp_path, {"meta": {"count": 2}, "data": [OPENPANEL, OPENPANEL | {"id": "e2", "profileId": "ada"}]})
    assert rows_of("openpanel", path)["profile_id"].to_list() == ["", "ada"]


def test_identities_are_told_apart_from_devices(tmp_path: Path) -> None:
    said = json.loads(POSTHOG["properties"])
    records = [POSTHOG, POSTHOG | {"uuid": "e2", "distinct_id": "ada", "properties": json.dumps(said)}]
    assert rows_of("posthog", written(tmp_path, *records)).select("device_id", "profile_id").rows() == [
        ("d1", ""), ("d1", "ada"),
    ]  # fmt: skip
    segment = written(tmp_path, SEGMENT | {"userId": "ada"}, SEGMENT | {"messageId": "m2", "anonymousId": None})
    assert rows_of("segment", segment)["device_kind"].to_list() == ["client", "derived"]


def test_bookkeeping_of_the_tools_is_left_out_with_its_name(tmp_path: Path) -> None:
    expected: dict[str, tuple[dict[str, Any], str]] = {
        "ga4": (GA4 | {"event_name": "session_start"}, "session_start (bookkeeping)"),
        "posthog": (POSTHOG | {"event": "$pageleave"}, "$pageleave (bookkeeping)"),
        "segment": ({"type": "identify", "anonymousId": "d1", "messageId": "i"}, "identify without a user"),
        "plausible": (PLAUSIBLE | {"name": "engagement"}, "engagement"),
    }
    for source, (record, reason) in expected.items():
        chunks = chunks_of(source, written(tmp_path, RECORDS[source], record))
        assert [chunk.left_out for chunk in chunks if chunk.left_out] == [{reason: 1}]
        assert sum(chunk.events.height for chunk in chunks) == 1


def test_a_purchase_has_its_revenue(tmp_path: Path) -> None:
    bought: dict[str, Any] = GA4 | {"event_name": "purchase", "ecommerce": {"purchase_revenue": 19.99}}
    bought["event_params"] = [*GA4["event_params"], {"key": "currency", "value": {"string_value": "eur"}}]
    back = bought | {"event_name": "refund", "ecommerce": {"refund_value": 5}}
    rows = rows_of("ga4", written(tmp_path, bought, back))
    assert [float(value) for value in rows["revenue"]] == [19.99, -5.0]
    assert rows["currency"].to_list() == ["EUR", "EUR"]


@pytest.mark.parametrize("source", RECORDS)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, source: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Refused, match="a, b"):
        chunks_of(source, path)


def test_a_log_that_is_taken_for_an_export_shows_no_address(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text(f"{line(address='192.0.2.77')}\n{line(address='192.0.2.78')}\n")
    with pytest.raises(Refused) as caught:
        chunks_of("umami", path)
    assert "192.0.2" not in caught.value.message


def test_a_bad_line_is_unreadable_and_its_neighbours_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, UMAMI)
    path.write_text(f"{path.read_text()}\n{{bad\n[1]\n{json.dumps(UMAMI | {'event_id': 'e2'})}")
    chunks = chunks_of("umami", path)
    assert sum(chunk.events.height for chunk in chunks) == 2
    assert pl.concat([chunk.unreadable for chunk in chunks])["number"].to_list() == [2, 3]


def test_sums_of_plausible_are_not_events(tmp_path: Path) -> None:
    path = tmp_path / "imported_visitors_20260801_20260831.csv"
    path.write_text("date,visitors\n2026-08-01,5\n")
    with pytest.raises(Refused, match="sums of days"):
        chunks_of("plausible", path)


@pytest.mark.parametrize("source", RECORDS)
def test_values_of_other_types_do_not_break_a_source(tmp_path: Path, source: str) -> None:
    record = RECORDS[source]
    values: tuple[Any, ...] = (None, 5, [], {}, "x" * 3000)
    odd = [record | {name: value} for name in record for value in values]
    chunks_of(source, written(tmp_path, record, *odd))


def test_calls_of_segment_about_people_and_groups_are_operations(tmp_path: Path) -> None:
    call = {"anonymousId": "d1", "userId": "ada", "timestamp": AT, "context": {"userAgent": CHROME, "ip": "192.0.2.1"}}
    traits = {"firstName": "Ada", "email": "ada@example.com", "plan": "pro", "address": {"city": "London"}}
    path = written(
        tmp_path,
        call | {"type": "identify", "messageId": "m1", "traits": traits},
        call | {"type": "identify", "messageId": "m2", "context": {"traits": {"lastname": "L", "plan": None}}},
        call | {"type": "alias", "messageId": "m3", "previousId": "old"},
        call | {"type": "group", "messageId": "m4", "groupId": "g", "traits": {"name": "Acme", "seats": 5}},
        call | {"type": "group", "messageId": "m5", "groupId": "h", "userId": None},
        call | {"type": "identify", "messageId": "m6", "anonymousId": None, "context": {}},
    )
    sender = {"device_id": "d1", "device_kind": "client"}
    by_person = sender | {"profile_id": "ada"}
    found = calls_of("segment", path)
    assert found[:-1] == [
        by_person | {"operation": "identify", "first_name": "Ada", "email": "ada@example.com",
                     "properties": '{"plan":"pro","address":{"city":"London"}}'},
        by_person | {"operation": "identify", "last_name": "L"},
        by_person | {"operation": "alias", "alias": "old"},
        sender | {"operation": "group", "group_id": "g", "group_type": "group", "group_name": "Acme",
                  "properties": '{"seats":5}'},
        by_person | {"operation": "assign_group", "groups": ["g"]},
        sender | {"operation": "group", "group_id": "h", "group_type": "group", "group_name": "h"},
    ]  # fmt: skip
    assert (found[-1]["profile_id"], found[-1]["device_kind"]) == ("ada", "server")


def test_persons_of_posthog_are_operations(tmp_path: Path) -> None:
    def event(name: str, person: str, **properties: Any) -> dict[str, Any]:
        said = {"$device_id": "d1", **properties}
        return POSTHOG | {"uuid": uuid4().hex, "event": name, "distinct_id": person, "properties": said}

    path = written(
        tmp_path,
        event("$identify", "ada", **{"$set": {"email": "a@example.com", "$browser": "x"}, "$anon_distinct_id": "d0"}),
        event("signup", "ada", **{"$set": {"plan": "pro"}, "$set_once": {"came_by": "ad", "$initial_os": "x"}}),
        event("signup", "ada", **{"$set_once": {"came_by": "mail"}}),
        event("signup", "d1", **{"$set": {"plan": "free"}}),
        event("$create_alias", "ada", alias="old"),
        event("$groupidentify", "ada", **{"$group_type": "company", "$group_key": "g", "$group_set": {"name": "Acme"}}),
        {"person_id": "1", "distinct_id": "ada", "properties": {"plan": "max"}, "person_version": 3, "created_at": AT},
        {"person_id": "1", "distinct_id": "0190d5a1-1111-7aaa-8aaa-aaaaaaaaaaaa", "properties": {}, "created_at": AT},
    )
    ada, d1 = {"profile_id": "ada", "device_kind": "client"}, {"device_id": "d1"}
    assert calls_of("posthog", path) == [
        ada | {"operation": "identify", "device_id": "d0", "email": "a@example.com"},
        ada | d1 | {"operation": "identify", "properties": '{"came_by":"ad","plan":"pro"}'},
        ada | d1 | {"operation": "alias", "alias": "old"},
        d1 | {"operation": "group", "device_kind": "client", "group_id": "g", "group_type": "company",
              "group_name": "Acme"},
        {"operation": "identify", "profile_id": "ada", "device_kind": "server", "properties": '{"plan":"max"}',
         "device_id": calls_of("posthog", path)[-1]["device_id"]},
    ]  # fmt: skip
    assert rows_of("posthog", path)["name"].to_list() == ["signup"] * 3


def test_a_server_that_sends_to_posthog_names_the_person(tmp_path: Path) -> None:
    said = {"$lib": "posthog-python", "$set": {"plan": "pro"}}
    record = {"uuid": "e1", "event": "invoice_paid", "distinct_id": "ada", "timestamp": AT, "properties": said}
    anonymous = record | {"uuid": "e2", "properties": {"$lib": "posthog-node", "$process_person_profile": False}}
    path = written(tmp_path, record, anonymous)
    assert rows_of("posthog", path).select("profile_id", "device_kind").rows() == [("ada", "server"), ("", "client")]
    assert [call["profile_id"] for call in calls_of("posthog", path)] == ["ada"]


def test_profiles_of_openpanel_are_operations(tmp_path: Path) -> None:
    profile = {"id": "ada", "isExternal": True, "firstName": "Ada", "properties": {"plan": "pro"}, "createdAt": AT}
    path = written(
        tmp_path,
        {"data": [OPENPANEL | {"profileId": "ada", "profile": profile}, OPENPANEL | {"id": "e2", "profile": profile}]},
        {"id": "d1", "is_external": False, "first_name": "", "created_at": AT},
        {"id": "eve", "is_external": True, "email": "eve@example.com", "properties": "{}", "created_at": AT},
        {"profile_id": "ada", "alias": "old", "created_at": AT},
    )
    found = [{name: row[name] for name in row if not name.startswith("device")} for row in calls_of("openpanel", path)]
    ada = {"operation": "identify", "profile_id": "ada", "first_name": "Ada", "properties": '{"plan":"pro"}'}
    assert found == [
        ada, ada, {"operation": "identify", "profile_id": "eve", "email": "eve@example.com"},
        {"operation": "alias", "profile_id": "ada", "alias": "old"},
    ]  # fmt: skip
    assert rows_of("openpanel", path).height == 2


def test_properties_of_a_user_of_ga4_are_an_operation(tmp_path: Path) -> None:
    told = [{"key": "plan", "value": {"string_value": "pro", "set_timestamp_micros": "1786500000000000"}}]
    path = written(tmp_path, GA4 | {"user_properties": told}, GA4 | {"user_properties": told, "user_id": "ada"})
    (call,) = calls_of("ga4", path)
    assert (call["operation"], call["profile_id"], call["properties"]) == ("identify", "ada", '{"plan":"pro"}')
    calls = pl.concat([chunk.calls for chunk in chunks_of("ga4", path)])
    assert calls["at"].to_list() == [1_786_500_000_000]


def test_a_call_that_the_wire_refuses_is_unreadable(tmp_path: Path) -> None:
    path = written(tmp_path, {"type": "group", "messageId": "m1", "anonymousId": "d", "timestamp": AT, "groupId": ""})
    made = make_operations(chunks_of("segment", path)[0].calls, importer(is_log=False))
    assert (made.rows.height, made.unreadable["code"].to_list()) == (0, ["group_id_missing"])
