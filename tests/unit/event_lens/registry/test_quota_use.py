"""What projects have used of their quotas is one number, whoever adds to it."""

from concurrent.futures import ThreadPoolExecutor

from event_lens.registry.database import Registry, open_registry
from event_lens.registry.quota_use import KEPT_AFTER_SECONDS, Period, Use, add_use, read_use
from event_lens.settings import Settings

DAY, TODAY = 86_400, 20_000
EVENTS = Period("p", "events_a_day", TODAY, DAY)
NAMES = Period("p", "event_names", TODAY, DAY)
NOON = TODAY * DAY + DAY // 2


def test_concurrent_counts_add_up_and_keep_all_names(settings: Settings) -> None:
    registries = [open_registry(settings) for _ in range(2)]

    def add(registry: Registry) -> None:
        for number in range(10):
            mine = frozenset({number, 2**64 - 1, id(registry) % 1000 + 1000})
            add_use(registry, {NAMES: Use(names=mine), EVENTS: Use(7)}, NOON)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(add, registries))
    totals = add_use(registries[0], {EVENTS: Use(1), NAMES: Use()}, NOON)
    assert totals[EVENTS].amount == 141
    others = {id(registry) % 1000 + 1000 for registry in registries}
    assert totals[NAMES].names == {*range(10), 2**64 - 1, *others}
    assert read_use(registries[1], [(TODAY, DAY)]) == totals
    for registry in registries:
        registry.close()


def test_projects_and_periods_are_counted_apart_and_old_ones_go(settings: Settings) -> None:
    registry = open_registry(settings)
    other, tomorrow = EVENTS._replace(project_id="q"), EVENTS._replace(number=TODAY + 1)
    add_use(registry, {EVENTS: Use(1), other: Use(2), tomorrow: Use(3)}, NOON)
    assert read_use(registry, [(TODAY, DAY)]) == {EVENTS: Use(1), other: Use(2)}
    add_use(registry, {tomorrow: Use(3)}, (TODAY + 1) * DAY + KEPT_AFTER_SECONDS + 1)
    assert read_use(registry, [(TODAY, DAY), (TODAY + 1, DAY)]) == {tomorrow: Use(6)}
    registry.close()
