"""`eventlens ask`: the API's answers as tables, JSON and CSV; what it does not know is refused with the nearest."""

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cli.console import console
from cli.main import app
from docs.generate.reports import PERIOD
from event_lens.errors import Refused
from query.reports import REPORTS
from query.shapes import rows_of
from tests.unit.query.client.test_client import key_of
from tests.unit.query.sample_projects import World

Ask = Callable[..., httpx.Response]
Shell = Callable[..., str]
DAYS = ("--start-date", PERIOD["startDate"], "--endDate=" + PERIOD["endDate"])


@pytest.fixture
def shell(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Runs `eventlens ask` about the project `shop`; what it printed."""
    monkeypatch.setenv("EVENTLENS_QUERY_URL", world.url)
    monkeypatch.setenv("EVENTLENS_QUERY_KEY", key_of(world, "shop"))

    def run(*arguments: str, width: int = 200) -> str:
        printed = io.StringIO()
        monkeypatch.setattr(console, "file", printed)
        monkeypatch.setattr(console, "width", width)
        app(["ask", *arguments], standalone_mode=False)
        return printed.getvalue() + capsys.readouterr().out

    return run


def test_alone_it_lists_the_reports(shell: Shell) -> None:
    listed = shell()
    for report in REPORTS.values():
        assert report.summary in listed
        assert report.name in listed


def test_answers_are_tables(shell: Shell) -> None:
    assert "/pricing" in shell("pages", *DAYS)
    metrics = shell("metrics", *DAYS, "--compare", "previous")
    assert "total_revenue" in metrics
    assert "120.0" in metrics
    assert "before" in metrics
    assert "Complete through 2" in metrics
    assert "/ > /pricing > /order" in shell("paths", *DAYS)
    assert "first 2.00, linear 0.83" in shell("attribution", *DAYS, "--goal", "orders", "--model", "first,linear")
    assert "buying" in shell("funnels/buying", *DAYS).lower()
    assert "There is more: --cursor" in shell("cohorts/buyers/members", "--as-of", "2026-05-06", "--limit", "1")
    steps = json.dumps([{"name": "screen_view"}, {"name": "order"}])
    assert "66.67" in shell("funnel", *DAYS, "--steps", steps, "--window-seconds", "null")


def test_json_is_the_answer_of_the_api(shell: Shell, ask: Ask) -> None:
    answer = json.loads(shell("pages", *DAYS, "--json"))
    assert answer["data"] == ask("shop", "pages", **PERIOD).json()["data"]


def test_a_comparison_shows_the_rows_of_the_earlier_period(shell: Shell) -> None:
    shown = shell("timeseries", "--start-date", "2026-05-06", "--end-date", "2026-05-06", "--compare", "previous")
    assert "2026-05-06" in shown
    assert "2026-05-05" in shown.partition("earlier period")[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("timeseries", *DAYS),
        ("timeseries", *DAYS, "--breakdown", "path"),
        ("funnel", *DAYS, "--steps", '[{"name": "screen_view"}, {"name": "order"}]', "--window-seconds", "null"),
        ("sessions", *DAYS),
        ("pages", *DAYS),
    ],
)
def test_a_row_too_wide_for_the_terminal_is_a_block_of_whole_names_and_values(
    shell: Shell, arguments: tuple[str, ...]
) -> None:
    rows = rows_of(REPORTS[arguments[0]].answer, json.loads(shell(*arguments, "--json"))["data"])
    shown, _, _ = shell(*arguments, width=80).partition("Complete through")
    assert all(len(line) <= 80 for line in shown.splitlines())
    _title, *blocks = re.split(r"\n(?=date |name |session_id |path )", shown.rstrip())
    assert len(blocks) == len(rows)
    for row, block in zip(rows, blocks, strict=True):
        pairs = [pair.strip() for line in block.splitlines() for pair in re.split("   +", line) if pair.strip()]
        found = dict(pair.partition(" ")[::2] for pair in pairs)
        assert {name: found[name] for name in row} == {name: _written(value) for name, value in row.items()}


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items()).strip()
    if isinstance(value, float):
        return f"{value:,.2f}"
    return {None: "-", True: "yes", False: "no"}[value] if value is None or isinstance(value, bool) else str(value)


def test_a_table_that_fits_the_terminal_stays_a_table(shell: Shell) -> None:
    assert "│ order" in shell("events", *DAYS, width=80)


def test_csv_has_a_row_for_each(shell: Shell) -> None:
    rows = list(csv.DictReader(io.StringIO(shell("timeseries", *DAYS, "--csv"))))
    assert [(row["date"], row["total_events"], row["is_complete"]) for row in rows] == [
        ("2026-05-04", "4", "true"),
        ("2026-05-05", "7", "true"),
        ("2026-05-06", "2", "true"),
    ]


def test_csv_of_a_page_says_beside_it_that_there_is_more(
    shell: Shell, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("cohorts/buyers/members", "--as-of", "2026-05-06", "--limit", "1", "--csv")
    app(["ask", *arguments], standalone_mode=False)
    printed = capsys.readouterr()
    cursor = ask("shop", "cohorts/buyers/members", asOf="2026-05-06", limit=1).json()["meta"]["nextCursor"]
    assert printed.out.count("\n") == 2  # the header and one member
    assert printed.err == f"There is more: --cursor {cursor}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pags",), "There is no question 'pags'; did you mean 'pages'?"),
        (("pages", "--limt", "5"), "did you mean --limit?"),
        (
            ("pages", "--goal", "orders"),
            "pages takes --startDate, --endDate, --range, --filters, --limit, --freshness.",
        ),
        (("pages", "7d"), "Unknown parameter '7d'"),
        (("pages", "--limit"), "--limit needs a value"),
        (("pages", "--limit", "many"), "limit is 'many'"),
        (("attribution",), "goal must be given"),
        (("cohorts/{cohort}/members",), "cohort must be given"),
        (("funnel",), "steps"),
        (("funnel", "--steps", '[{"name": "a", "name": "b"}]'), "--steps gives 'name' twice"),
    ],
)
def test_unknown_reports_and_parameters_are_refused(shell: Shell, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(Refused) as refused:
        shell(*arguments)
    assert message in refused.value.message
