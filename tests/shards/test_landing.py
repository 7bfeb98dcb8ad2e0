"""A segment of several projects lands on every shard once, whatever fails on the way."""

from pathlib import Path

import pytest

from collector.loading.loader import land_segment
from collector.loading.router import Router
from collector.loading.verification import Landing
from collector.spool.directory import open_directory
from event_lens.errors import Unavailable
from tests.shards.running import Shards, Tenant
from tests.shards.segments import put, raw_counts
from tests.unit.collector.loading.test_writer import Unreliable

# The INSERT of the rows, and after it the INSERT of the batch, on the shard that fails.
FAILURES = [((1,), ()), ((), (1,)), ((2,), ()), ((), (2,))]


@pytest.mark.parametrize("failing", [1, 2])
@pytest.mark.parametrize(("before", "after"), FAILURES)
def test_a_segment_lands_once_on_each_shard_when_one_of_them_fails(
    shards: Shards, tmp_path: Path, failing: int, before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    with shards.registry() as registry:
        projects = [Tenant(shards, registry, f"on {shard}", shard).project_id for shard in (1, 2)]
        folder = open_directory(tmp_path)
        name = put(folder, projects, 7)
        with shards.on(1) as one, shards.on(2) as two:
            warehouses: dict[int, Landing] = {1: one, 2: two}
            failed = one if failing == 1 else two
            unreliable = {**warehouses, failing: Unreliable(failed, before=before, after=after)}
            with pytest.raises(Unavailable):
                land_segment(Router(registry, unreliable), folder, name)
            land_segment(Router(registry, warehouses), folder, name.tried)
            landed = [[raw_counts(warehouse, project) for project in projects] for warehouse in (one, two)]
            batches = [
                warehouse.rows(
                    "SELECT row_count FROM lens_raw.batches WHERE batch_id = {b:String}", {"b": name.segment_id}
                )
                for warehouse in (one, two)
            ]
        folder.close()
    assert landed == [[7, 0], [0, 7]]
    assert batches == [[{"row_count": 7}], [{"row_count": 7}]]


def test_a_row_of_an_unknown_project_lands_on_the_first_shard(shards: Shards, tmp_path: Path) -> None:
    folder = open_directory(tmp_path)
    name = put(folder, [f"unknown-{tmp_path.name}"], 2)
    with shards.on(1) as one, shards.on(2) as two, shards.registry() as registry:
        land_segment(Router(registry, {1: one, 2: two}), folder, name)
        assert (raw_counts(one, f"unknown-{tmp_path.name}"), raw_counts(two, f"unknown-{tmp_path.name}")) == (2, 0)
    folder.close()
