"""How much one project may send, whoever sends it."""

from typing import Any

import pytest

from collector.auth.quotas import DAY_MS, ProjectQuotas, QuotaUsedUp
from collector.enrichment.context import ProjectSettings
from event_lens.contract.rejection import Rejection
from event_lens.registry.quota_use import Period, Use

MINUTE_MS = 60_000


class Day:
    """A clock at noon of some day, that can be set."""

    def __init__(self) -> None:
        self.now = DAY_MS * 20_000 + DAY_MS // 2

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def day() -> Day:
    return Day()


@pytest.fixture
def quotas(day: Day) -> ProjectQuotas:
    return ProjectQuotas(clock=day)


def project(name: str = "a", **own: int) -> ProjectSettings:
    return ProjectSettings(name, quotas=tuple(f"{quota}={number}" for quota, number in own.items()))


def refused(quotas: ProjectQuotas, of: ProjectSettings, events: int, byte_count: int = 1) -> int:
    """The seconds after which a refused request is taken."""
    with pytest.raises(QuotaUsedUp) as refusal:
        quotas.take(of, events, byte_count)
    assert refusal.value.code == "project_quota"
    return refusal.value.retry_after_seconds


def rejected(quotas: ProjectQuotas, of: ProjectSettings, name: str, properties: dict[str, Any]) -> str:
    with pytest.raises(Rejection) as rejection:
        quotas.check_names(of, name, properties)
    return rejection.value.code


def test_a_project_sends_so_many_events_a_minute_and_others_are_not_touched(quotas: ProjectQuotas, day: Day) -> None:
    quotas.take(project(events_a_minute=100), 99, 1)
    day.now += 15_000
    assert refused(quotas, project(events_a_minute=100), 2) == 46
    quotas.take(project(events_a_minute=100), 1, 1)
    quotas.take(project("b", events_a_minute=100), 100, 1)
    day.now += MINUTE_MS
    quotas.take(project(events_a_minute=100), 100, 1)


def test_a_day_has_quotas_of_events_and_of_bytes(quotas: ProjectQuotas, day: Day) -> None:
    quotas.take(project(bytes_a_day=1000), 1, 900)
    assert refused(quotas, project(bytes_a_day=1000), 1, 101) == DAY_MS // 2000 + 1
    quotas.take(project("b", events_a_day=10), 10, 1)
    refused(quotas, project("b", events_a_day=10), 1)
    day.now += DAY_MS
    quotas.take(project("b", events_a_day=10), 10, 1)


def test_refused_events_count_for_no_quota(quotas: ProjectQuotas) -> None:
    small = project(events_a_minute=10, bytes_a_day=100)
    refused(quotas, small, 1, 101)
    quotas.take(small, 10, 100)


def test_a_quota_of_0_means_no_limit(quotas: ProjectQuotas) -> None:
    unbound = project(events_a_minute=0, events_a_day=0, bytes_a_day=0, properties=0, event_names=0)
    quotas.take(unbound, 10**12, 10**15)
    for number in range(5_000):
        quotas.check_names(unbound, f"n{number}", {f"p{number}": 1})


def test_new_names_beyond_a_quota_are_rejected_and_known_ones_taken(quotas: ProjectQuotas) -> None:
    few = project(event_names=2)
    for name in ("a", "b", "a"):
        quotas.check_names(few, name, {})
    assert rejected(quotas, few, "c", {}) == "too_many_event_names"
    quotas.check_names(few, "b", {})


def test_paths_of_properties_are_counted_at_every_level(quotas: ProjectQuotas) -> None:
    few = project(properties=4)
    quotas.check_names(few, "", {"plan": {"name": "x", "seats": {"used": 1}}})
    assert rejected(quotas, few, "", {"seats": 1}) == "too_many_properties"
    quotas.check_names(few, "", {"plan": {"seats": {"used": 2}}})


def test_names_of_the_day_before_are_not_new(quotas: ProjectQuotas, day: Day) -> None:
    few = project(event_names=2)
    quotas.check_names(few, "a", {})
    quotas.check_names(few, "b", {})
    day.now += DAY_MS
    quotas.check_names(few, "c", {})
    quotas.check_names(few, "d", {})
    quotas.check_names(few, "a", {})
    assert rejected(quotas, few, "e", {}) == "too_many_event_names"
    # Names that were not sent for a whole day are new again.
    day.now += 2 * DAY_MS
    quotas.check_names(few, "e", {})


def shared(*workers: ProjectQuotas) -> None:
    """What the workers of one registry do every two seconds, one after the other; the last learns of all."""
    totals: dict[Period, Use] = {}
    for worker in workers:
        added = worker.unshared()
        for period, use in added.items():
            before = totals.get(period, Use())
            totals[period] = Use(before.amount + use.amount, before.names | use.names)
        worker.share(added, totals)


def test_workers_share_quotas(day: Day) -> None:
    first, second = ProjectQuotas(day), ProjectQuotas(day)
    few = project(events_a_day=100, event_names=3)
    first.take(few, 60, 1)
    for name in ("a", "b"):
        first.check_names(few, name, {})
    second.take(few, 30, 1)
    second.check_names(few, "b", {})
    shared(first, second)
    second.take(few, 10, 1)
    refused(second, few, 1)
    second.check_names(few, "c", {})
    assert rejected(second, few, "d", {}) == "too_many_event_names"
    assert {period.quota: use for period, use in second.unshared().items()} == {
        "events_a_minute": Use(10),
        "events_a_day": Use(10),
        "bytes_a_day": Use(1),
        "event_names": Use(names=second.unshared()[name_period(day)].names),
    }
    assert len(second.unshared()[name_period(day)].names) == 1


def name_period(day: Day) -> Period:
    return Period("a", "event_names", day.now // DAY_MS, DAY_MS // 1000)


def test_names_that_another_worker_took_the_day_before_are_not_new(day: Day) -> None:
    first, second = ProjectQuotas(day), ProjectQuotas(day)
    few = project(event_names=1)
    first.check_names(few, "a", {})
    use = first.unshared()
    day.now += DAY_MS
    second.share({}, use)
    second.check_names(few, "a", {})
    second.check_names(few, "b", {})
    assert rejected(second, few, "c", {}) == "too_many_event_names"


def test_the_first_count_of_a_period_and_a_tenth_of_a_quota_are_shared_at_once(quotas: ProjectQuotas, day: Day) -> None:
    hurried = 0

    def hurry() -> None:
        nonlocal hurried
        hurried += 1

    quotas.hurry = hurry
    for _ in range(5):
        quotas.take(project(events_a_day=100), 1, 1)
    assert hurried == 3, "once for each quota"
    day.now += MINUTE_MS
    quotas.take(project(events_a_day=100), 1, 1)
    assert hurried == 4, "a minute has begun"
    quotas.take(project(events_a_day=100), 4, 1)
    assert hurried == 5
