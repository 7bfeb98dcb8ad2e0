"""The demo's report: the answers of the query API as tables, and the proof that they account for every sent event."""

from typing import Any

from cli.console import console, show_table
from cli.demo.answers import Answers
from cli.simulate.sender import Sent
from event_lens.errors import Broken

BAR = "█"


def show_report(answers: Answers, sent: Sent, funnel: tuple[str, ...]) -> None:
    """Ask all questions and print the answers. Raises `Broken` (`demo_does_not_add_up`) when the ledger differs from
    the sent events.
    """
    console.print()
    show_table("Sent over HTTP", ("answer", "requests"), [(str(s), n) for s, n in sorted(sent.statuses.items())])
    _show_metrics(answers)
    _show_rows(answers, "pages", "Top pages", ("path", "views", "unique_visitors", "sessions", "bounce_rate"))
    _show_rows(answers, "referrers", "Sources", ("referrer_name", "referrer_type", "sessions", "unique_visitors"))
    _show_rows(answers, "devices", "Devices", ("device", "sessions", "unique_visitors"))
    show_table(
        "Funnel, by device, within a day",
        ("step", "devices", "of the first %", "of the one before %", "median seconds"),
        [
            (
                step["name"],
                step["count"],
                step["conversion_from_start"],
                step["conversion_from_previous"],
                step["median_seconds_from_previous"],
            )
            for step in answers.ask_funnel(funnel)
        ],
    )
    _show_retention(answers)
    _show_ledger(answers, sent)


def _show_metrics(answers: Answers) -> None:
    data, meta = answers.ask("metrics")
    show_table(f"Metrics of {answers.days} days ({meta['timezone']})", ("metric", "value"), _lines(data))
    series, _ = answers.ask("timeseries", interval="day")
    most = max((row["total_sessions"] for row in series), default=0) or 1
    show_table(
        "By day",
        ("date", "visitors", "sessions", "views", "revenue", ""),
        [
            (
                row["date"],
                row["unique_visitors"],
                row["total_sessions"],
                row["total_screen_views"],
                float(row["total_revenue"]),
                BAR * round(18 * row["total_sessions"] / most),
            )
            for row in series
        ],
    )
    console.print(f"Complete through {meta['completeThrough']}", highlight=False)


def _lines(data: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, f"{value:,}" if isinstance(value, int) else f"{value:,.1f}") for name, value in data.items()]


def _show_rows(answers: Answers, question: str, title: str, columns: tuple[str, ...]) -> None:
    rows, _ = answers.ask(question, limit=8)
    show_table(title, columns, [[_named(row[column]) for column in columns] for row in rows])


def _named(value: object) -> object:
    return "(none)" if value == "" else value


def _show_retention(answers: Answers) -> None:
    rows, _ = answers.ask("retention", period="week", periods=5)
    width = max((len(row["retention_rate"]) for row in rows), default=0)
    show_table(
        "Retention by week of the first visit, percent",
        ("cohort", "people", *(f"week {number}" for number in range(width))),
        [(row["cohort"], row["size"], *(row["retention_rate"] + [None] * width)[:width]) for row in rows],
    )


def _show_ledger(answers: Answers, sent: Sent) -> None:
    rows, _ = answers.ask("ingest", range="2d")
    names = ("received", "accepted", "duplicate", "bot", "rejected")
    totals = {name: sum(row[name] for row in rows) for name in names}
    show_table("Ledger", names, [tuple(totals[name] for name in names)])
    parts = sum(totals[name] for name in names[1:])
    if not totals["received"] == parts == sent.event_count or totals["rejected"] != sent.rejected_count:
        raise Broken(
            f"The ledger does not add up: sent {sent.event_count} (of which {sent.rejected_count} were refused), "
            f"ledger {totals}.",
            code="demo_does_not_add_up",
        )
    console.print(
        f"{sent.event_count:,} sent = {totals['received']:,} in the ledger: nothing is lost or counted twice.",
        highlight=False,
    )
