"""Migrations for a cluster: each statement on all replicas, each table a replicated one."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from event_lens.errors import Broken, Refused
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.cluster import for_cluster
from event_lens.warehouse.migrate import Migration, check_shards, migrate, shipped_migrations
from tests.targets.cluster_proxy import CLUSTER, Front, cluster_front


class Renamed:
    """A warehouse with the raw database under a name of its own, so that everything is new."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.database = f"lens_raw_{uuid4().hex[:12]}"

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self._warehouse.rows(sql.replace("lens_raw", self.database))

    def command(self, sql: str) -> None:
        self._warehouse.command(sql.replace("lens_raw", self.database))


@pytest.fixture
def front(warehouse_url: str) -> Iterator[Front]:
    with cluster_front(warehouse_url) as front:
        yield front


@pytest.fixture
def cluster(front: Front) -> Iterator[Renamed]:
    with Warehouse(front.url) as warehouse:
        yield Renamed(warehouse)


def test_every_migration_makes_replicated_tables_on_all_replicas(front: Front, cluster: Renamed) -> None:
    assert migrate(cluster, cluster=CLUSTER) == [migration.name for migration in shipped_migrations()]
    assert migrate(cluster, cluster=CLUSTER) == []
    assert not front.refused
    defining = front.defining()
    assert len(defining) > 15
    assert not [text for text in defining if f'ON CLUSTER "{CLUSTER}"' not in text]
    engines = {name for text in defining for name in re.findall(r"ENGINE = (\w+)", text)}
    assert engines == {"ReplicatedMergeTree", "ReplicatedReplacingMergeTree"}
    made = "SELECT groupArraySorted(100)(name) AS names FROM system.tables WHERE database = '{}'"
    with Warehouse(front.url) as warehouse:
        assert cluster.rows(made.format("lens_raw")) == warehouse.rows(made.format("lens_raw"))


def test_a_token_is_remembered_on_a_cluster_as_long_as_on_one_server(front: Front, cluster: Renamed) -> None:
    migrate(cluster, cluster=CLUSTER)
    landing = [text for text in front.defining() if "deduplication_window" in text]
    assert len(landing) == 4
    for text in landing:
        assert "replicated_deduplication_window_seconds = 31536000, replicated_deduplication_window = 10000" in text
        assert "non_replicated" not in text


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        (b"CREATE DATABASE lens", b'CREATE DATABASE lens ON CLUSTER "c"'),
        (b"DROP TABLE IF EXISTS `a b`.t SYNC", b'DROP TABLE IF EXISTS `a b`.t ON CLUSTER "c" SYNC'),
        (b"ALTER TABLE t MODIFY TTL d", b'ALTER TABLE t ON CLUSTER "c" MODIFY TTL d'),
        (b"CREATE VIEW a.v AS SELECT 1", b'CREATE VIEW a.v ON CLUSTER "c" AS SELECT 1'),
        (
            b"CREATE TABLE a.t (s String DEFAULT 'ENGINE = MergeTree') ENGINE = SummingMergeTree ORDER BY s",
            b"CREATE TABLE a.t ON CLUSTER \"c\" (s String DEFAULT 'ENGINE = MergeTree') "
            b"ENGINE = ReplicatedSummingMergeTree ORDER BY s",
        ),
        (b"INSERT INTO a.t SELECT 1", b"INSERT INTO a.t SELECT 1"),
    ],
)
def test_a_statement_runs_on_all_replicas(written: bytes, rendered: bytes) -> None:
    assert for_cluster(written, "c") == rendered


def test_a_statement_that_cannot_run_on_a_cluster_is_refused() -> None:
    with pytest.raises(Broken, match="RENAME TABLE") as refusal:
        for_cluster(b"RENAME TABLE a TO b", "c")
    assert refusal.value.code == "migration_not_for_clusters"


class Known:
    """A warehouse that knows one cluster, with as many shards as given."""

    def __init__(self, shard_count: int) -> None:
        self._shard_count = shard_count

    def rows(self, sql: str) -> list[dict[str, Any]]:
        assert "system.clusters" in sql
        return [{"shard_count": self._shard_count}]

    def command(self, sql: str) -> None:
        raise AssertionError("nothing is made on a cluster that cannot hold it")


@pytest.mark.parametrize("shard_count", [0, 1, 3])
def test_every_server_has_to_know_all_shards(shard_count: int) -> None:
    check_shards(Known(2), "c", 2)
    with pytest.raises(Refused, match="EVENTLENS_WAREHOUSE_CLUSTER") as refusal:
        check_shards(Known(shard_count), "c", 2)
    assert refusal.value.code == "cluster_unknown"


@pytest.mark.parametrize(("shard_count", "code"), [(0, "cluster_unknown"), (2, "cluster_sharded")])
def test_only_a_known_cluster_of_one_shard_is_taken(shard_count: int, code: str) -> None:
    with pytest.raises(Refused, match="EVENTLENS_WAREHOUSE_CLUSTER") as refusal:
        migrate(Known(shard_count), [Migration("0001_none.sql", b"SELECT 1")], cluster="c")
    assert refusal.value.code == code
