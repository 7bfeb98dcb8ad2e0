"""Salts: one a day and one a month, for as long as they count, and then gone from the disk."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from event_lens.registry.database import Registry, open_registry
from event_lens.registry.salts import first_day, salts_on
from event_lens.registry.tables import PERIODS, Salt
from event_lens.settings import Settings
from tests.unit.event_lens.registry.conftest import only_sqlite


def days(first: str, last: str) -> Iterator[date]:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        yield day
        day += timedelta(days=1)


def kept(registry: Registry) -> set[tuple[str, str]]:
    with registry.session() as session:
        return {(salt.period, salt.day) for salt in session.query(Salt)}


def test_a_daily_salt_lasts_a_day_and_is_kept_for_the_next(registry: Registry) -> None:
    seen: dict[date, str] = {}
    for day in days("2026-02-26", "2026-03-03"):
        salts = salts_on(registry, "daily", day)
        before = day - timedelta(days=1)
        assert set(salts) == {day} | ({before} & seen.keys())
        assert salts.get(before) == seen.get(before)
        seen[day] = salts[day]
    assert len(set(seen.values())) == 6


def test_a_monthly_salt_lasts_the_whole_month_and_is_kept_for_the_next(registry: Registry) -> None:
    seen: dict[date, str] = {}
    for day in days("2025-12-30", "2026-04-01"):
        salts_on(registry, "daily", day)  # other projects of the same registry have daily ones
        salts = salts_on(registry, "monthly", day)
        first, before = day.replace(day=1), (day.replace(day=1) - timedelta(days=1)).replace(day=1)
        assert set(salts) == {first} | ({before} & seen.keys())
        assert salts.get(before) == seen.get(before)
        assert seen.setdefault(first, salts[first]) == salts[first]
    assert len(set(seen.values())) == 5


def test_the_salt_of_a_month_is_not_that_of_its_first_day(registry: Registry) -> None:
    day = date(2026, 3, 1)
    assert salts_on(registry, "daily", day) != salts_on(registry, "monthly", day)


def test_all_other_salts_are_deleted_whichever_kind_is_asked_for(registry: Registry) -> None:
    for day in days("2026-02-27", "2026-03-02"):
        for period in PERIODS:
            salts_on(registry, period, day)
    assert kept(registry) == {
        ("daily", "2026-03-01"),
        ("daily", "2026-03-02"),
        ("monthly", "2026-02-01"),
        ("monthly", "2026-03-01"),
    }
    salts_on(registry, "daily", date(2026, 5, 1))  # no project has monthly salts any more
    assert kept(registry) == {("daily", "2026-05-01")}


def test_a_month_that_is_first_asked_for_in_its_middle_is_whole(registry: Registry) -> None:
    middle = salts_on(registry, "monthly", date(2026, 3, 17))
    assert set(middle) == {date(2026, 3, 1)}
    assert salts_on(registry, "monthly", date(2026, 3, 31)) == middle


def test_a_clock_that_was_far_ahead_leaves_no_salt_behind(registry: Registry) -> None:
    for period in PERIODS:
        salts_on(registry, period, date(2031, 1, 1))
        salts = salts_on(registry, period, date(2026, 3, 5))
        assert set(salts) == {first_day(period, date(2026, 3, 5))}
    assert all(day.startswith("2026") for _, day in kept(registry))


def test_a_clock_a_little_behind_takes_no_salt_from_the_others(registry: Registry) -> None:
    tomorrow = salts_on(registry, "daily", date(2026, 3, 6))
    late = salts_on(registry, "daily", date(2026, 3, 5))
    assert set(late) == {date(2026, 3, 5)}
    assert salts_on(registry, "daily", date(2026, 3, 6)) == tomorrow | late


@pytest.mark.parametrize("period", PERIODS)
def test_a_period_has_one_salt_however_many_ask_at_once(settings: Settings, period: str) -> None:
    registries = [open_registry(settings) for _ in range(8)]
    day = date(2026, 3, 1)
    answers: list[str] = []
    threads = [threading.Thread(target=lambda r=r: answers.append(salts_on(r, period, day)[day])) for r in registries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for registry in registries:
        registry.close()
    assert len(answers) == 8
    assert len(set(answers)) == 1


@only_sqlite
def test_an_old_salt_is_gone_from_the_disk(registry: Registry, settings: Settings) -> None:
    other = open_registry(settings)  # a collector of its own, with the file open
    first = salts_on(other, "daily", date(2026, 3, 1))[date(2026, 3, 1)].encode()
    month = salts_on(other, "monthly", date(2026, 3, 1))[date(2026, 3, 1)].encode()

    def on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in settings.home.glob("registry.db*"))

    assert first in on_disk()
    assert month in on_disk()
    for day in ("2026-03-02", "2026-03-03", "2026-05-01"):
        salts_on(registry, "daily", date.fromisoformat(day))
        assert (first in on_disk()) == (day < "2026-03-03")
        assert (month in on_disk()) == (day < "2026-05-01")
    other.close()
