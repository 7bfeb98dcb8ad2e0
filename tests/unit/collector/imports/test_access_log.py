"""Web server logs: what becomes a view, what a request, what goes to quarantine, and that no address is kept."""

import gzip
import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from collector.imports.access_log import read
from collector.imports.event_frame import split_readable
from collector.imports.follow import LogTail
from collector.imports.masking import masked_line
from collector.imports.row_frame import make_rows
from collector.imports.sources import Options
from event_lens.errors import Refused
from tests.unit.collector.imports.logs import FIRST_MS, NOW, events_of, importer, line

LOG = Path(__file__).parents[3] / "data" / "access.log"
REAL_LOG = Path(__file__).parents[5] / "shared" / "data" / "elastic-apache-logs" / "apache_logs"


def rows_of(path: Path, project_id: str = "p", **options: object) -> pl.DataFrame:
    events, _ = split_readable(events_of(path, **options), FIRST_MS, NOW)
    return make_rows(events, importer(project_id)).rows


def test_pages_are_views_and_other_requests_are_left_out_unless_asked_for() -> None:
    pages = rows_of(LOG)
    assert Counter(pages["name"]) == {"screen_view": 91}
    everything = rows_of(LOG, all_requests=True)
    assert Counter(everything["name"]) == {"screen_view": 91, "request": 105}
    views = everything.filter(pl.col("name") == "screen_view")
    assert views.equals(pages)
    (order,) = everything.filter(pl.col("path") == "/api/order")["properties"]
    assert order == '{"method":"POST","status":201,"bytes":17}'


def test_every_line_is_an_event_left_out_or_unreadable() -> None:
    lines = [text for text in LOG.read_text().splitlines() if text.strip()]
    chunks = list(read(LOG, Options()))
    left_out = sum(sum(chunk.left_out.values()) for chunk in chunks)
    unreadable = [number for chunk in chunks for number in chunk.unreadable["number"]]
    assert unreadable == [128, 129, 201]
    assert sum(chunk.line_count for chunk in chunks) == len(lines)
    assert sum(chunk.events.height for chunk in chunks) + left_out + len(unreadable) == len(lines)


def test_times_that_cannot_be_kept_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("\n".join(line().replace("2026", year) for year in ("2001", "2026", "2039")))
    kept, refused = split_readable(events_of(path), FIRST_MS, NOW)
    assert kept.height == 1
    assert dict(refused.select("number", "code").rows()) == {1: "timestamp_too_old", 3: "timestamp_in_future"}


def test_no_address_is_kept_of_any_line() -> None:
    addresses = {text.partition(" ")[0] for text in LOG.read_text().splitlines()} | {"203.0.113.12", "2001:db8::12"}
    kept = rows_of(LOG, all_requests=True).drop("content").write_ndjson()
    masked = " ".join(masked_line(text) for text in LOG.read_text().splitlines())
    assert len(addresses) > 30
    for text in (kept, masked):
        assert not [each for each in addresses if each and re.search(rf"(?<![\w.:]){re.escape(each)}\b", text)]


def test_a_visitor_stays_one_over_all_days_and_files_and_is_another_in_another_project(tmp_path: Path) -> None:
    first, second = tmp_path / "access.log.1", tmp_path / "access.log.2.gz"
    first.write_text(line("/a") + "\n" + line("/b", "192.0.2.2"))
    second.write_bytes(gzip.compress(line("/c").replace("12/Aug", "13/Aug").encode()))
    devices = [rows_of(path)["device_id"].to_list() for path in (first, second)]
    assert devices[0][0] == devices[1][0] != devices[0][1]
    assert devices[0][0] != rows_of(first, "q")["device_id"][0]


def test_a_row_has_page_source_and_agent() -> None:
    row = next(rows_of(LOG).filter(pl.col("user_agent").str.starts_with("Agent")).iter_rows(named=True))
    assert (row["path"], row["query"], row["user_agent"]) == ("/say", 'q="hello"', 'Agent "quoted" \\ and 한')
    assert (row["origin"], row["referrer_type"], row["device_kind"]) == ("https://site.example", "direct", "derived")
    assert row["created_at"].isoformat() == "2026-05-26T18:45:57+00:00"
    assert set(rows_of(LOG).filter("is_bot")["bot_reason"]) == {
        "crawler:Googlebot\\/", "crawler:bingbot", "empty_user_agent", "program:Agent",
    }  # fmt: skip


def test_a_file_without_a_readable_line_is_an_error_with_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello from 192.0.2.77 and more\nworld\n")
    with pytest.raises(Refused, match=r"Line 1 is: \*\*\* from \*\*\* and more"):
        list(read(path, Options()))
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(Refused, match="Nothing of"):
        list(read(path, Options()))


def test_objects_of_which_none_is_a_request_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text('{"ts": 1786518000, "level": "info", "msg": "started"}\n')
    with pytest.raises(Refused, match="None of the objects"):
        list(read(path, Options()))


def test_a_log_with_nothing_but_its_field_names_is_empty_and_may_grow(tmp_path: Path) -> None:
    path = tmp_path / "ex260812.log"
    path.write_text("#Fields: date time c-ip cs-method cs-uri-stem sc-status\n")
    assert sum(chunk.events.height for chunk in read(path, Options())) == 0
    tail = LogTail(path, Options())
    assert tail.poll() is not None
    with path.open("a") as file:
        file.write("2026-08-12 07:00:00 192.0.2.1 GET /a 200\n")
    chunk = tail.poll()
    tail.close()
    assert chunk is not None
    assert chunk.events["path"].to_list() == ["/a"]


def test_shown_lines_of_a_file_do_not_control_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "evil.log"
    path.write_bytes(b"x \x1b]0;owned\x07 \x1b[2J\n")
    with pytest.raises(Refused) as caught:
        list(read(path, Options()))
    assert caught.value.message.isprintable()


def test_a_format_that_is_named_is_taken_and_an_unknown_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text(line())
    with pytest.raises(Refused, match="Nothing of"):
        list(read(path, Options(format="json")))
    with pytest.raises(Refused, match="combined, json, w3c, alb"):
        list(read(path, Options(format="csv")))


@pytest.mark.skipif(not REAL_LOG.is_file(), reason="the real log is not in ../shared/data")
def test_a_real_log_of_ten_thousand_lines_is_read_whole() -> None:
    (chunk, last) = read(REAL_LOG, Options(all_requests=True))
    assert last.line_count == 0
    assert Counter(chunk.events["name"]) == {"screen_view": 3902, "request": 6097}
    assert chunk.unreadable["number"].to_list() == [8899]
