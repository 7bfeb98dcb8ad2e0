"""New projects go to the emptiest shard, and the registry says where each is."""

import pytest

from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.placements import Placement, advance_move, begin_move, end_move, find_placements
from event_lens.registry.projects import create_project, find_project


def test_a_new_project_goes_to_the_shard_with_the_fewest(registry: Registry) -> None:
    registry.shard_count = 3
    assert [create_project(registry, "shop").shard for _ in range(4)] == [1, 2, 3, 1]
    assert create_project(registry, "chosen", 1).shard == 1
    assert [create_project(registry, "shop").shard for _ in range(2)] == [2, 3]


def test_a_project_that_nobody_made_is_on_the_first_shard(registry: Registry) -> None:
    assert find_placements(registry, ["unknown"]) == {"unknown": Placement(1)}
    with pytest.raises(Refused, match="no project 'unknown'"):
        begin_move(registry, "unknown", 2)


def test_a_move_holds_landing_and_then_changes_the_shard(registry: Registry) -> None:
    project_id = create_project(registry, "shop").project_id
    move = begin_move(registry, project_id, 2)
    assert move is not None
    assert find_placements(registry, [project_id])[project_id] == Placement(1)
    move = advance_move(registry, move, "held")
    assert find_placements(registry, [project_id])[project_id] == Placement(1, is_held=True)
    move = advance_move(registry, move, "switched")
    found = find_placements(registry, [project_id])[project_id]
    assert (found.shard, found.is_held) == (2, False)
    assert found.moved_at_ms > 0
    end_move(registry, move)
    assert find_project(registry, project_id).shard == 2
    assert begin_move(registry, project_id, 2) is None
