"""Numbers of days of other tools, whatever their columns are called."""

import json
from datetime import date
from pathlib import Path

import pytest

from collector.imports.old_numbers import OldDay, read_old_numbers
from event_lens.errors import Refused

DAY = date(2026, 8, 12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"date","visitors","pageviews","bounces","visits","visit_duration"\n"2026-08-12",90,200,50,100,5000\n',
         OldDay(DAY, 90, 100, 200, 50.0)),
        ("Date;Unique visitors;Visits;Bounce rate\n2026-08-12;90;100;50%\n", OldDay(DAY, 90, 100, None, 50.0)),
        ("date,totalUsers,sessions,screenPageViews,bounceRate\n20260812,90,100,200,0.5\n",
         OldDay(DAY, 90, 100, 200, 50.0)),
        (json.dumps([{"label": "2026-08-12", "nb_uniq_visitors": 90, "nb_visits": 100, "bounce_count": 50}]),
         OldDay(DAY, 90, 100, None, 50.0)),
        ("date,visitors\n2026-08-12,40\n2026-08-12,50\ntotal,90\n", OldDay(DAY, 90)),
    ],
    ids=["plausible", "matomo", "ga4", "json", "rows of a day"],
)  # fmt: skip
def test_days_are_read_by_their_usual_names(tmp_path: Path, text: str, expected: OldDay) -> None:
    path = tmp_path / "imported_visitors.csv"
    path.write_text(text)
    assert read_old_numbers(path) == [expected]


def test_rates_are_shares_when_all_are_at_most_1_and_percent_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    for rates, expected in ((("1.0", "0.5"), [100, 50]), (("0.8%", "50%"), [0.8, 50]), (("nan", "inf"), [None, None])):
        path.write_text("".join(["date,visits,bounce_rate\n", *(f"2026-08-1{n},9,{r}\n" for n, r in enumerate(rates))]))
        assert [day.bounce_rate for day in read_old_numbers(path)] == expected


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "date,colour\n2026-08-12,red\n"])
def test_a_table_of_something_else_is_refused_with_its_fields(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text)
    with pytest.raises(Refused, match=text.partition("\n")[0].replace(",", ", ")):
        read_old_numbers(path)
