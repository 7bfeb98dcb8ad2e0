"""Web server logs: what becomes a view, what a request, what goes to quarantine, and that no address is kept."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.enrichment.context import ProjectRules
from collector.enrichment.row_builder import Enricher
from collector.imports.access_log import import_id_of, is_page, read_access_log
from collector.imports.access_log_line import LogLine, mask_addresses, read_line
from event_lens.contract.rows import EventRow, QuarantineRow, timestamp

LOG = Path(__file__).parents[3] / "data" / "access.log"
REAL_LOG = Path(__file__).parents[5] / "shared" / "data" / "elastic-apache-logs" / "apache_logs"
NOW = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000)
BAD_LINES = {
    128: "log_line_unreadable",
    129: "log_line_unreadable",
    130: "timestamp_too_old",
    201: "log_line_unreadable",
}


def read(
    path: Path = LOG, *, project_id: str = "p", all_requests: bool = False, origin: str = "https://site.example"
) -> tuple[list[EventRow], list[QuarantineRow]]:
    rows = list(
        read_access_log(
            path,
            ProjectRules(project_id),
            enricher=Enricher(),
            received_at_ms=NOW,
            first_day=date(2015, 1, 1),
            all_requests=all_requests,
            origin=origin,
        )
    )
    return [row for row in rows if isinstance(row, EventRow)], [row for row in rows if isinstance(row, QuarantineRow)]


def test_pages_are_views_and_other_requests_are_left_out_unless_asked_for() -> None:
    pages, _ = read()
    assert Counter(row.name for row in pages) == {"screen_view": 91}
    everything, _ = read(all_requests=True)
    assert Counter(row.name for row in everything) == {"screen_view": 91, "request": 105}
    views = [row for row in everything if row.name == "screen_view"]
    assert [(row.event_id, row.device_id) for row in views] == [(row.event_id, row.device_id) for row in pages]
    (order,) = [row for row in everything if row.path == "/api/order"]
    assert order.properties == {"method": "POST", "status": 201, "bytes": 17}


def test_every_line_is_a_row_or_blank() -> None:
    lines = LOG.read_text().splitlines()
    events, refused = read(all_requests=True)
    assert len(events) + len(refused) == len([line for line in lines if line])


def test_bad_lines_go_to_quarantine_with_their_numbers() -> None:
    _, refused = read()
    assert {row.line_number: row.code for row in refused} == BAD_LINES
    assert {row.import_id for row in refused} == {import_id_of(LOG, "p", all_requests=False)}


def test_no_address_is_kept_of_any_line() -> None:
    addresses = {line.partition(" ")[0] for line in LOG.read_text().splitlines()} | {"203.0.113.12", "2001:db8::12"}
    events, refused = read(all_requests=True)
    text = msgspec.json.encode([events, refused]).decode()
    assert len(addresses) > 30
    assert not [address for address in addresses if address and re.search(rf"(?<![\w.:]){re.escape(address)}\b", text)]


def test_a_visitor_stays_one_over_all_days_and_is_another_in_another_project() -> None:
    events, _ = read(all_requests=True)
    senders = {
        (line.address, line.user_agent)
        for line in (read_line(text) for text in LOG.read_text().splitlines())
        if line is not None and line.at_ms > 1_420_070_400_000
    }
    assert len({row.device_id for row in events}) == len(senders)
    assert {row.device_kind for row in events} == {"derived"}
    assert {row.previous_device_id for row in events} == {""}
    others, _ = read(project_id="q")
    assert not {row.device_id for row in others} & {row.device_id for row in events}


def test_the_same_file_gives_the_same_rows_again(tmp_path: Path) -> None:
    copy = tmp_path / "renamed.log"
    copy.write_bytes(LOG.read_bytes())
    assert read(copy, all_requests=True) == read(all_requests=True)
    assert len({row.event_id for row in read(all_requests=True)[0]}) == 196
    copy.write_bytes(LOG.read_bytes() + b"\n")
    assert not {row.event_id for row in read(copy)[0]} & {row.event_id for row in read()[0]}


def test_a_row_has_page_source_and_time() -> None:
    events, _ = read()
    row = next(row for row in events if row.user_agent.startswith("Agent"))
    assert (row.path, row.query, row.user_agent) == ("/say", 'q="hello"', 'Agent "quoted" \\ and 한')
    assert (row.origin, row.referrer_type, row.body_hash, row.import_id) == (
        "https://site.example",
        "direct",
        0,
        import_id_of(LOG, "p", all_requests=False),
    )
    assert row.created_at == timestamp(int(datetime(2026, 5, 26, 18, 45, 57, tzinfo=UTC).timestamp() * 1000))
    assert Counter(row.referrer_type for row in events)["internal"] > 0


def test_bots_are_marked() -> None:
    events, _ = read()
    assert {row.bot_reason for row in events if row.is_bot} == {
        "crawler:Googlebot\\/",
        "crawler:bingbot",
        "empty_user_agent",
    }


@pytest.mark.skipif(not REAL_LOG.is_file(), reason="the real log is not in ../shared/data")
def test_a_real_log_of_ten_thousand_lines_is_read_whole() -> None:
    events, refused = read(REAL_LOG, all_requests=True, origin="http://semicomplete.com")
    assert Counter(row.name for row in events) == {"screen_view": 3902, "request": 6097}
    assert [(row.line_number, row.code) for row in refused] == [(8899, "log_line_unreadable")]
    assert sum(row.is_bot for row in events) > 2000


@pytest.mark.parametrize(
    ("method", "target", "status", "expected"),
    [
        ("GET", "/", 200, True),
        ("GET", "/a.b/c", 200, True),
        ("GET", "/about.html", 200, True),
        ("GET", "/x?file=a.png", 200, True),
        ("GET", "/cached", 304, True),
        ("GET", "/moved", 301, False),
        ("GET", "/missing", 404, False),
        ("GET", "/logo.PNG?v=1", 200, False),
        ("HEAD", "/", 200, False),
        ("POST", "/", 200, False),
        ("", "", 400, False),
    ],
)
def test_a_page_is_what_a_person_looked_at(method: str, target: str, status: int, expected: bool) -> None:
    assert is_page(LogLine("", 0, method, target, status, 0, "", "")) is expected


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('192.0.2.1 - - "x"', '*** - - "x"'),
        ("host.example seen from 192.0.2.1, again", "*** seen from ***, again"),
        ("x 2001:db8::1 ::1 1:2:3:4:5:6:7:8 [fe80::1]", "*** *** *** *** [***]"),
        ("x [28/May/2026:12:00:00 +0000] a:b", "*** [28/May/2026:12:00:00 +0000] a:b"),
    ],
)
def test_what_looks_like_an_address_is_masked(text: str, masked: str) -> None:
    assert mask_addresses(text) == masked


def test_a_line_without_end_takes_no_more_memory_than_others(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    good = LOG.read_text().splitlines()[0]
    path.write_bytes(b"[" * 3_000_000 + b"\n" + good.encode() + b"\n")
    events, refused = read(path)
    assert [row.line_number for row in refused] == [1]
    assert len(refused[0].body) <= 65_536
    assert len(events) == 1


@given(st.text())
def test_any_text_is_a_line_or_none(text: str) -> None:
    read_line(text)
    read_line(f'192.0.2.1 - - [{text}] "{text}" 200 1 "{text}" "{text}"')
