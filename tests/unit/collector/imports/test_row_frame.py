"""Rows of imports: the same columns that the collector gives the same request, device and time aside."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from collector.enrichment.context import ProjectSettings, RequestContext
from collector.enrichment.geo import Geo
from collector.enrichment.ip_networks import Networks
from collector.enrichment.row_builder import Enricher
from collector.imports.event_frame import conform_events
from collector.imports.log_requests import NO_AGENT
from collector.imports.row_frame import Importer, make_rows
from event_lens.contract.parse import parse_track
from event_lens.contract.rows import EventRow
from tests.unit.collector.imports.logs import CHROME, NOW, importer

MAXMIND = Path(__file__).parents[3] / "data" / "maxmind" / "GeoIP2-City-Test.mmdb"
AGENTS = (
    CHROME,
    "",
    "curl/8.5.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/1 KAKAOTALK 10.1",
)
PAGES = (
    ("/a?utm_source=news&utm_medium=email&gclid=1", "https://www.google.com/search?q=x"),
    ("https://shop.example/b#/c?d=1", "https://blog.site.example/"),
    ("//evil?token=secret&x=1", "undefined"),
    ("/land?state=" + "s" * 2100 + "&utm_campaign=long", "android-app://com.slack/"),
    ("", ""),
)
TIME_AND_DEVICE = {"event_id", "device_id", "created_at", "received_at", "previous_device_id", "body_hash", "sdk_name",
                   "sdk_version", "import_id", "batch_id", "groups", "message_id", "properties"}  # fmt: skip


def frame(**columns: object) -> pl.DataFrame:
    size = max(len(values) for values in columns.values() if isinstance(values, list))
    whole = {name: values if isinstance(values, list) else [values] * size for name, values in columns.items()}
    return conform_events(pl.DataFrame({"name": ["screen_view"] * size, "at": [NOW] * size} | whole))


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"hash_routes": True, "fold_trailing_slash": True, "domains": ("site.example",)},
        {"kept_parameters": frozenset({"x"})},
    ],
    ids=["plain", "hash routes", "allow-list"],
)
def test_an_imported_request_has_the_columns_that_the_collector_gives_it(rules: dict[str, object]) -> None:
    project = ProjectSettings("p", **rules)  # type: ignore[arg-type]
    with_place = Geo(MAXMIND)
    enricher = Enricher(with_place)
    cases = [(agent, *page, address) for agent in AGENTS for page in PAGES for address in ("81.2.69.160", "192.0.2.1")]
    agents, paths, referrers, addresses = (list(column) for column in zip(*cases, strict=True))
    importing = Importer(project, "salt", "https://site.example", NOW, "i", with_place, is_log=True)
    told = [agent or NO_AGENT for agent in agents]
    events = frame(user_agent=told, path=paths, referrer=referrers, address=addresses)
    made = make_rows(events, importing).rows
    assert made.height == len(cases)
    for case, row in zip(cases, made.iter_rows(named=True), strict=True):
        agent, path, referrer, address = case
        request = RequestContext(project, NOW, {date.min: "salt"}, date(2015, 1, 1), address, user_agent=agent,
                          origin="https://site.example", import_id="i")  # fmt: skip
        expected = enricher.builder(request).event_row(
            parse_track({"name": "screen_view", "timestamp": NOW, "path": path, "referrer": referrer})
        )
        assert isinstance(expected, EventRow)
        for column in set(EventRow.__struct_fields__) - TIME_AND_DEVICE - {"revenue"}:
            own = row[column] if row[column] is not None else None
            assert own == getattr(expected, column), (column, case)
    with_place.close()


def test_events_that_the_project_excludes_are_left_out_with_the_reason() -> None:
    made = make_rows(
        frame(path=["/a", "/b", "https://copy.example/c"], address=["198.51.100.7", "192.0.2.1", "192.0.2.1"]),
        importer(own_addresses=Networks(["198.51.100.0/24"]), hostnames=("site.example",)),
    )
    assert made.rows["path"].to_list() == ["/b"]
    assert made.left_out == {"own address": 1, "host is not the project's": 1}


def test_a_device_is_the_named_one_else_a_derived_one_else_the_profiles() -> None:
    made = make_rows(
        frame(device_id=["d", "", "", ""], address=["192.0.2.1", "192.0.2.1", "", ""], profile_id=["", "", "ada", ""]),
        importer(),
    ).rows
    assert made["device_kind"].to_list() == ["client", "derived", "server", "server"]
    ids = made["device_id"].to_list()
    assert (ids[0], ids[3]) == ("d", "")
    assert len({*ids}) == 4


def test_a_request_without_an_agent_is_a_programs_unless_the_log_has_no_agents() -> None:
    events = frame(path=["/", "/"], address="192.0.2.1", user_agent=[NO_AGENT, ""])
    made = make_rows(events, importer(is_log=True)).rows
    assert made.select("bot_reason", "user_agent").rows() == [("empty_user_agent", ""), ("", "")]
    assert make_rows(events.tail(1), importer(is_log=False)).rows["is_bot"].to_list() == [False]


def test_device_and_place_of_the_source_win_over_the_agents() -> None:
    made = make_rows(frame(user_agent=[CHROME], browser="Safari", country="NL", device=""), importer()).rows
    assert made.select("browser", "browser_version", "country", "device").rows() == [
        ("Safari", "141.0", "NL", "desktop")
    ]


def test_properties_are_masked_and_properties_that_cannot_be_stored_reject_only_their_event() -> None:
    made = make_rows(
        frame(properties=['{"a":1,"clientSecret":"s","u":"/x?token=abc"}', "[1]", "{", "", '{"a":1,"a.b":{}}'],
              content=["1", "2", "3", "4", "5"]),
        importer(),
    )  # fmt: skip
    assert made.rows["properties"].to_list() == ['{"a":1,"u":"/x?token=***"}', "{}", '{"a":1,"a.b":{}}']
    assert made.unreadable.select("code", "body").sort("body").rows() == [
        ("properties_not_storable", "2"), ("properties_not_storable", "3"),
    ]  # fmt: skip
