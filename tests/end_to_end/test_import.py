"""A web server's log goes in, numbers come out; the log is read a second time by the simplest means."""

import re

from cli.import_run import alone
from collector.imports.record import list_imports
from event_lens.settings import read_settings
from tests.command import run_command
from tests.end_to_end.conftest import LOG
from tests.end_to_end.site import Site

LINE = re.compile(
    r'^(\S+) \S+ \S+ \[\d\d/[A-Z][a-z]{2}/2026:([01]\d|2[0-3]):\d\d:\d\d [+-]\d{4}\] "GET ([^ ?"]+)\S* [^"]*" '
    r'(\d{3}) \S+ "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"$'
)
ASSET = re.compile(r"\.(css|js|png|jpg|gif|svg|ico|txt|xml|woff2?|pdf|zip|webp|mp4|map|json)$", re.IGNORECASE)
CRAWLER = re.compile(r"bot|crawl|spider", re.IGNORECASE)


def people_of_the_log() -> list[tuple[str, str]]:
    """Address and agent of every page view that no crawler made."""
    found = (LINE.match(line) for line in LOG.read_text(errors="replace").split("\n"))
    return [
        (line[1], line[5])
        for line in found
        if line
        and (line[4].startswith("2") or line[4] == "304")
        and not ASSET.search(line[3])
        and line[5].startswith("Mozilla/")
        and not CRAWLER.search(line[5])
    ]


def test_page_requests_of_the_log_are_counted_once_though_it_was_imported_twice(site: Site, imported: Site) -> None:
    views = people_of_the_log()
    data = imported.ask("metrics", startDate="2026-01-01", endDate="2026-12-31")["data"]
    assert data["total_screen_views"] == len(views)
    assert data["unique_visitors"] == len(set(views))


def test_crawlers_of_the_log_are_kept_apart_with_their_reason(site: Site, imported: Site) -> None:
    with site.house.warehouse() as warehouse:
        rows = warehouse.rows(
            "SELECT countIf(is_bot) AS bots, countIf(is_bot AND bot_reason = '') AS without_reason, count() AS events "
            "FROM lens_raw.events WHERE project_id = {p:String}",
            {"p": imported.project},
        )
    assert rows[0]["bots"] > 0
    assert rows[0]["without_reason"] == 0
    assert rows[0]["events"] == rows[0]["bots"] + len(people_of_the_log())


def test_a_line_that_cannot_be_read_is_in_quarantine_with_its_number(site: Site, imported: Site) -> None:
    with site.house.warehouse() as warehouse:
        rows = warehouse.rows(
            "SELECT line_number, code FROM lens_raw.quarantine WHERE project_id = {p:String} ORDER BY line_number",
            {"p": imported.project},
        )
    assert {row["line_number"]: row["code"] for row in rows} == {
        128: "log_line_unreadable",  # 25 o'clock
        129: "log_line_unreadable",  # no log line at all
        130: "timestamp_too_old",  # an event of 2001
        201: "log_line_unreadable",  # cut off
    }


def test_a_running_import_is_not_undone(site: Site, imported: Site) -> None:
    with site.house.warehouse() as warehouse:
        record = list_imports(warehouse, imported.project)[0]
        with alone(read_settings(site.house.environ), imported.project, record["source"], record["files"]):
            done = run_command(site.house.environ, "import", "undo", record["import_id"], "--no-build")
        assert (done.returncode, "is running" in done.stderr) == (1, True)
        assert list_imports(warehouse, imported.project)[0]["state"] == "finished"


def test_no_address_of_the_log_is_anywhere_in_the_warehouse(site: Site, imported: Site) -> None:
    addresses = {line.split(" ", 1)[0] for line in LOG.read_text(errors="replace").split("\n")}
    with site.house.warehouse() as warehouse:
        stored = b"".join(
            piece
            for table in ("events", "quarantine")
            for piece in warehouse.stream(
                f"SELECT * FROM lens_raw.{table} WHERE project_id = {{p:String}}",
                "JSONEachRow",
                {"p": imported.project},
            )
        ).decode()
    assert len(addresses) > 10
    assert not {address for address in addresses if len(address) > 6 and address in stored}
