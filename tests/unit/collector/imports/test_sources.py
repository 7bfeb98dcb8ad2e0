"""Exports of other tools: a record each, and what of it is a row; the same from CSV, JSON and Parquet."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.imports.event_frame import Chunk, split_readable
from collector.imports.row_frame import make_rows
from collector.imports.sources import SOURCES, Options
from event_lens.errors import Refused
from tests.unit.collector.imports.logs import CHROME, FIRST_MS, NOW, importer

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
        "segment": ({"type": "identify", "userId": "ada", "messageId": "i"}, "identify (not an event)"),
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
