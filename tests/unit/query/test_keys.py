"""A right key is remembered for a second; who sent too many wrong ones is not tried any more."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from event_lens.errors import Refused, Unavailable
from event_lens.registry.clients import create_client, revoke_client
from event_lens.registry.database import Registry, open_registry
from event_lens.registry.projects import change_project, create_project
from event_lens.settings import read_settings
from query.keys import KEPT_SECONDS, KNOWN_SECONDS, Keys

LIMIT = 20


class World:
    """A registry with a project, and keys by a timer that a test moves."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.project_id = create_project(registry, "shop").project_id
        self.now = 100.0
        self.keys = Keys(registry, LIMIT, lambda: self.now)

    def key(self, type: str = "read") -> tuple[str, str]:
        client, secret = create_client(self.registry, self.project_id, type)
        return client.client_id, secret

    def find(self, key: tuple[str, str], address: str = "192.0.2.1") -> str:
        """The time zone of the project that the key reads."""
        headers = {"openpanel-client-id": key[0], "openpanel-client-secret": key[1]}
        return asyncio.run(self.keys.find(headers, address)).subject.zone.key

    def fail(self, times: int, address: str = "192.0.2.1") -> list[str]:
        """The codes of so many wrong keys."""
        codes = []
        for number in range(times):
            with pytest.raises((Refused, Unavailable)) as refused:
                self.find(("read_x", f"wrong {number}"), address)
            codes.append(refused.value.code)
        return codes


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(tmp_path)}))
    yield World(registry)
    registry.close()


def test_changes_hold_after_a_second(world: World) -> None:
    key = world.key()
    assert world.find(key) == "UTC"
    change_project(world.registry, world.project_id, timezone="Europe/Berlin")
    assert world.find(key) == "UTC"
    world.now += KEPT_SECONDS
    assert world.find(key) == "Europe/Berlin"
    revoke_client(world.registry, key[0])
    assert world.find(key) == "Europe/Berlin"
    world.now += KEPT_SECONDS
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            world.find(key)
        assert refused.value.code == "client_unauthorized"


def test_a_key_is_not_remembered_by_its_id_alone(world: World) -> None:
    key = world.key()
    world.find(key)
    with pytest.raises(Refused):
        world.find((key[0], "another"))


def limited(ask: Callable[[], str]) -> Unavailable:
    with pytest.raises(Unavailable) as refused:
        ask()
    assert refused.value.code == "keys_limited"
    return refused.value


def test_wrong_keys_are_limited_by_address(world: World) -> None:
    right, unseen = world.key(), world.key()
    world.find(right)
    assert world.fail(30) == ["client_unauthorized"] * LIMIT + ["keys_limited"] * 10
    # A key that was right recently is accepted even after the second for which it is remembered; an unknown key is not.
    world.now += 30
    assert world.find(right) == "UTC"
    assert limited(lambda: world.find(unseen)).retry_after_seconds == 30
    assert world.find(unseen, "192.0.2.2") == "UTC"
    world.now += 31
    assert world.fail(1) == ["client_unauthorized"]
    assert world.find(world.key()) == "UTC"


def test_a_key_that_was_right_long_ago_is_limited_too(world: World) -> None:
    right = world.key()
    world.find(right)
    world.now += KNOWN_SECONDS
    world.fail(LIMIT)
    limited(lambda: world.find(right))


def test_a_key_that_may_not_read_is_not_a_wrong_one(world: World) -> None:
    key = world.key("write")
    for _ in range(LIMIT + 5):
        with pytest.raises(Refused) as refused:
            world.find(key)
        assert refused.value.code == "project_forbidden"


def test_the_limit_can_be_off(world: World) -> None:
    world.keys = Keys(world.registry, 0, lambda: world.now)
    assert set(world.fail(50)) == {"client_unauthorized"}
