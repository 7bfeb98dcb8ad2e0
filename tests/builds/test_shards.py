"""A shard dies while rows land and while it is built, and a project moves by a command that dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builds.people import naming_files
from tests.end_to_end.site import event
from tests.shards.load import Load, counts
from tests.shards.running import Shards, Tenant, running_shards

pytestmark = pytest.mark.timeout(1800)

BUILD_WITHIN_SECONDS, LANDED_WITHIN_SECONDS = 900, 300
COUNTED = "SELECT count() FROM lens_shard.events WHERE project_id = {p:String}"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    with running_shards(tmp_path_factory.mktemp("shards")) as shards:
        yield shards


@pytest.fixture(scope="module")
def tenants(shards: Shards) -> list[Tenant]:
    with shards.registry() as registry:
        return [Tenant(shards, registry, name) for name in ("first", "second")]


def spawn(shards: Shards, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    with (shards.settings.home / "spawned.log").open("ab") as output:
        return subprocess.Popen(command, env=shards.environ, stdout=output, stderr=output, start_new_session=True)


def test_a_shard_that_dies_while_rows_land_gets_each_row_once_and_the_other_shard_goes_on(
    shards: Shards, tenants: list[Tenant]
) -> None:
    first, second = tenants
    with Load(first, "landing").running() as one, Load(second, "landing").running() as two:
        for _ in range(3):
            two.wait_for(100)
            shards.kill(2)
            before = counts(shards, first.project_id, "landing", 1, "lens_raw.events")[0]
            while counts(shards, first.project_id, "landing", 1, "lens_raw.events")[0] < before + 50:
                time.sleep(0.05)
            shards.restart(2)
    shards.wait_until_landed(LANDED_WITHIN_SECONDS)
    for tenant, load in ((first, one), (second, two)):
        assert counts(shards, tenant.project_id, "landing", tenant.shard, "lens_raw.events") == (load.sent, load.sent)
        assert counts(shards, tenant.project_id, "landing", 3 - tenant.shard, "lens_raw.events") == (0, 0)


def test_a_shard_that_dies_during_its_build_is_built_afterwards_and_the_other_shard_is_built(
    shards: Shards, tenants: list[Tenant]
) -> None:
    building = spawn(shards, "build")
    facts = "SELECT count() FROM system.tables WHERE database = 'lens_staging' AND name LIKE 'int_events%'"
    with shards.on(2) as warehouse:
        while not warehouse.value(facts):
            time.sleep(0.1)
    shards.kill(2)
    assert building.wait(BUILD_WITHIN_SECONDS) == 1
    shards.restart(2)
    first, second = tenants
    with shards.on(1) as one, shards.on(2) as two:
        sent = counts(shards, first.project_id, "landing", 1, "lens_raw.events")[0]
        assert one.value(COUNTED, {"p": first.project_id}) == sent
        shards.eventlens("build")
        sent = counts(shards, second.project_id, "landing", 2, "lens_raw.events")[0]
        assert two.value(COUNTED, {"p": second.project_id}) == sent
    assert second.ask("metrics")["data"]["unique_visitors"] == sent


def test_a_move_by_a_command_that_dies_under_load_ends_with_every_event_there_once(
    shards: Shards, tenants: list[Tenant]
) -> None:
    tenant = tenants[0]
    with Load(tenant, "moving").running() as load:
        for seconds in (2, 5, 9, 14):
            moving = spawn(shards, "project", "move", tenant.project_id, "--shard", "2")
            try:
                moving.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(moving.pid, signal.SIGKILL)
                moving.wait()
        assert spawn(shards, "project", "move", tenant.project_id, "--shard", "2").wait(BUILD_WITHIN_SECONDS) == 0
        load.wait_for(50)
    shards.wait_until_landed(LANDED_WITHIN_SECONDS)
    shards.eventlens("build")
    assert counts(shards, tenant.project_id, "moving", 2, "lens_raw.events") == (load.sent, load.sent)
    for shard in (1, 2):
        assert counts(shards, tenant.project_id, "moving", shard, "lens.events") == (load.sent, load.sent)
    assert counts(shards, tenant.project_id, "", 1, "lens_shard.events") == (0, 0)
    tenant.send([event("screen_view", "11:00:00", "after")])


def test_a_person_is_erased_from_every_shard_and_somebody_of_that_name_in_another_project_stays(
    shards: Shards, tenants: list[Tenant]
) -> None:
    """The project has been on one shard and is on another; the neighbour has the same profile id."""
    moved, other = tenants
    for tenant in tenants:
        device, email = known_of(tenant)
        person = {"profileId": "person-4711", "deviceId": device, "email": email}
        tenant.send(
            [
                {"type": "identify", "payload": person},
                event("screen_view", "12:00:00", device, profileId="person-4711"),
            ]
        )
    shards.wait_until_landed(LANDED_WITHIN_SECONDS)
    shards.eventlens("build")
    assert [holding(shards, tenant) for tenant in tenants] == [{1, 2}, {1, 2}]
    # Compressed parts can hide a text, so few files name the person, and how many varies.
    assert all(naming(shards, tenant) for tenant in tenants)
    shards.eventlens("erase", moved.project_id, "--profile", "person-4711")
    assert [holding(shards, tenant) for tenant in tenants] == [set(), {1, 2}]
    assert naming(shards, moved) == []
    assert naming(shards, other)
    assert other.ask("metrics")["data"]["unique_visitors"] > 1


def known_of(tenant: Tenant) -> tuple[str, str]:
    return f"device-of-{tenant.project_id}", f"person@{tenant.project_id}.example"


def naming(shards: Shards, tenant: Tenant) -> list[Path]:
    """The files of all homes that name the person of `tenant`."""
    return [path for server in shards.servers for path in naming_files(server.home, known_of(tenant))]


def holding(shards: Shards, tenant: Tenant) -> set[int]:
    """The shards on which readers see events of the person."""
    sql = "SELECT count() FROM lens.events WHERE project_id = {p:String} AND profile_id = 'person-4711'"
    found = set()
    for shard in (1, 2):
        with shards.on(shard) as warehouse:
            if warehouse.value(sql, {"p": tenant.project_id}):
                found.add(shard)
    return found


def test_killed_commands_left_nothing_behind(shards: Shards) -> None:
    left = list(Path(shards.settings.home / "spool").glob("corrupt/*"))
    assert not left
