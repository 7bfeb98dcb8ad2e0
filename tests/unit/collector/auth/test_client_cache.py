"""The client_cache: settings and salts as running collectors see them, over days and months."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from collector.auth.client_cache import KEPT_MS, ClientCache, KnownClient
from collector.enrichment.context import ProjectSettings
from collector.enrichment.device_id import derived_device
from event_lens.errors import Unavailable
from event_lens.registry.clients import create_client, revoke_client
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import change_project, create_project
from event_lens.registry.tables import Client
from event_lens.settings import read_settings


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = open_registry(read_settings({"EVENTLENS_HOME": str(tmp_path / "home")}))
    yield opened
    opened.close()


class Clock:
    def __init__(self, at: str) -> None:
        self.set(at)

    def set(self, at: str) -> None:
        self.now_ms = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000)

    def __call__(self) -> int:
        return self.now_ms


def device(client_cache: ClientCache, clock: Clock, *, is_monthly: bool, at: str = "") -> tuple[str, str]:
    period = "monthly" if is_monthly else "daily"
    salts = asyncio.run(client_cache.salts(period))
    at_ms = Clock(at).now_ms if at else clock.now_ms
    found = derived_device("agent", "192.0.2.1", "p", salts, at_ms, is_monthly=is_monthly)
    return found.device_id, found.previous_device_id


def test_a_monthly_device_is_one_from_the_first_to_the_last_and_another_in_the_next_month(registry: Registry) -> None:
    clock = Clock("2026-01-31T23:50")
    client_cache = ClientCache(registry, clock)
    january, _ = device(client_cache, clock, is_monthly=True)
    seen = set()
    for day in range(1, 29):
        clock.set(f"2026-02-{day:02}T00:10")
        found, previous = device(client_cache, clock, is_monthly=True)
        assert previous == (january if day == 1 else "")
        seen.add(found)
        # A late event uses the salt of its own month, in collectors of other processes too.
        late, _ = device(ClientCache(registry, clock), clock, is_monthly=True, at="2026-01-15T12:00")
        assert late == january
    (february,) = seen
    clock.set("2026-03-01T00:10")
    march, previous = device(client_cache, clock, is_monthly=True)
    assert previous == february
    assert len({january, february, march}) == 3
    # January's salt is deleted, so January's late events get a device that is not known yet.
    assert device(client_cache, clock, is_monthly=True, at="2026-01-15T12:00")[0] == march


def test_a_daily_device_changes_at_midnight_and_hands_over(registry: Registry) -> None:
    clock = Clock("2026-02-28T23:59:59.999")
    client_cache = ClientCache(registry, clock)
    before, _ = device(client_cache, clock, is_monthly=False)
    clock.set("2026-03-01T00:00")
    after, previous = device(client_cache, clock, is_monthly=False)
    assert (after != before, previous) == (True, before)
    assert device(client_cache, clock, is_monthly=False, at="2026-02-28T12:00")[0] == before
    clock.set("2026-03-02T00:00")
    assert device(client_cache, clock, is_monthly=False, at="2026-02-28T12:00")[0] not in (before, after)


def test_a_changed_setting_is_followed_within_seconds(registry: Registry) -> None:
    clock = Clock("2026-03-01T12:00")
    client_cache = ClientCache(registry, elapsed=clock)
    project = create_project(registry, "shop")
    client, _ = create_client(registry, project.project_id, "write")

    def rules() -> object:
        key = asyncio.run(client_cache.find(client.client_id))
        assert key is not None
        return key.project.honour_gpc, key.project.kept_parameters, key.project.own_addresses.hold("192.0.2.9")

    assert rules() == (False, None, False)
    change_project(
        registry, project.project_id, honour_gpc=True, query_allow_list=["Page"], own_addresses=["192.0.2.0/24"]
    )
    assert rules() == (False, None, False)
    clock.now_ms += KEPT_MS
    assert rules() == (True, frozenset({"page"}), True)
    assert KEPT_MS <= 5_000


@pytest.mark.parametrize(
    "ask", [lambda client_cache: client_cache.salts("daily"), lambda client_cache: client_cache.find("client")]
)
def test_a_registry_that_does_not_answer_is_unavailable(
    tmp_path: Path, ask: Callable[[ClientCache], "asyncio.Future[object]"]
) -> None:
    opened = open_registry(read_settings({"EVENTLENS_HOME": str(tmp_path / "home")}))
    opened.close()
    for path in (tmp_path / "home").glob("registry.db*"):
        path.unlink()
    (tmp_path / "home" / "registry.db").mkdir()

    async def asking() -> None:
        await ask(ClientCache(opened))

    with pytest.raises(Unavailable):
        asyncio.run(asking())
    opened.close()


def test_the_salts_of_both_periods_are_asked_for_once_a_day(registry: Registry) -> None:
    clock = Clock("2026-03-01T12:00")
    client_cache = ClientCache(registry, clock)
    daily, monthly = (asyncio.run(client_cache.salts(period)) for period in ("daily", "monthly"))
    assert daily.keys() == monthly.keys() == {date(2026, 3, 1)}
    assert asyncio.run(client_cache.salts("daily")) is daily
    assert asyncio.run(client_cache.salts("monthly")) is monthly
    clock.set("2026-03-02T00:00")
    assert set(asyncio.run(client_cache.salts("daily"))) == {date(2026, 3, 1), date(2026, 3, 2)}
    assert asyncio.run(client_cache.salts("monthly")) == monthly


class CountingClientCache(ClientCache):
    looks = 0

    def _look_up(self, client_id: str) -> tuple[Client, ProjectSettings] | None:
        self.looks += 1
        return super()._look_up(client_id)


def test_concurrent_requests_of_a_known_client_share_one_look_up(registry: Registry) -> None:
    clock = Clock("2026-05-28T12:00")
    client_cache = CountingClientCache(registry, elapsed=clock)
    client, _ = create_client(registry, create_project(registry, "shop").project_id, "write")

    async def ask(times: int) -> list[KnownClient | None]:
        return await asyncio.gather(*(client_cache.find(client.client_id) for _ in range(times)))

    asyncio.run(ask(1))
    clock.now_ms += KEPT_MS
    found = asyncio.run(ask(50))
    assert client_cache.looks == 2
    assert {key.client.client_id for key in found if key} == {client.client_id}
    revoke_client(registry, client.client_id)
    clock.now_ms += KEPT_MS
    assert asyncio.run(ask(3)) == [None] * 3


def test_a_revoked_client_is_not_kept_by_a_clock_that_is_set_back(registry: Registry) -> None:
    wall, elapsed = Clock("2026-05-28T12:00"), Clock("2026-01-01T00:00")
    client_cache = ClientCache(registry, wall, elapsed)
    client, _ = create_client(registry, create_project(registry, "shop").project_id, "write")
    assert asyncio.run(client_cache.find(client.client_id)) is not None
    revoke_client(registry, client.client_id)
    wall.set("2026-05-27T12:00")
    elapsed.now_ms += KEPT_MS
    assert asyncio.run(client_cache.find(client.client_id)) is None
