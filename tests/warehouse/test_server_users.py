"""A ClickHouse server's parser takes the statements that make SQL users, and they hold nothing that was typed."""

import pytest

from event_lens.errors import Broken
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.sql_users import create_statements, revoke_statements, rotate_statements

HASH = "0" * 64


@pytest.mark.parametrize(("database", "count"), [("lens", 9), ("lens_shard", 15)])
@pytest.mark.parametrize("on_cluster", ["", ' ON CLUSTER "replicas"'])
def test_a_server_takes_every_statement(warehouse: Warehouse, on_cluster: str, database: str, count: int) -> None:
    statements = [
        *create_statements("ana", HASH, ["shop-1", "shop-2"], on_cluster, database),
        *create_statements("ben", HASH, [], on_cluster, database),
        *rotate_statements("ana", HASH, on_cluster),
        *revoke_statements("ana", on_cluster, database),
    ]
    assert len(statements) == count
    for statement in statements:
        assert warehouse.value("SELECT formatQueryOrNull({q:String})", {"q": statement}), statement


def test_a_user_of_some_projects_is_restricted_to_them() -> None:
    *_, policy, everybody = create_statements("ana", HASH, ["shop-1", "shop-2"], "")
    assert "project_id IN ('shop-1', 'shop-2')" in policy
    assert "AS restrictive TO `ana`" in policy
    assert everybody.endswith("USING 1 TO ALL")
    assert not any("POLICY" in statement for statement in create_statements("ben", HASH, [], ""))


def test_on_a_shard_of_several_every_user_is_restricted_where_rows_are_read() -> None:
    for projects in (["shop-1"], []):
        *_, policy, everybody = create_statements("ana", HASH, projects, "", "lens_shard")
        assert "ON lens_shard.*" in policy
        assert "hidden_projects" in policy
        assert ("project_id IN ('shop-1')" in policy) == bool(projects)
        assert "ON lens_shard.*" in everybody


@pytest.mark.parametrize("name", ["a`b", "a b", "a'b", ""])
def test_a_name_that_could_end_its_quotes_is_never_sent(name: str) -> None:
    with pytest.raises(Broken):
        create_statements(name, HASH, [], "")
    with pytest.raises(Broken):
        revoke_statements(name, "")
    with pytest.raises(Broken):
        create_statements("ana", HASH, [name], "")
    with pytest.raises(Broken):
        rotate_statements("ana", name, "")
