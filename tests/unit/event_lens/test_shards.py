"""Which shard is where, by the settings."""

from pathlib import Path

import pytest

from event_lens.errors import Refused
from event_lens.settings import read_settings
from event_lens.shards import (
    all_shards,
    check_shard,
    cluster_of_replicas,
    cluster_of_shards,
    native_port,
    settings_of_shard,
    shard_of_home,
    tables_database,
    url_of_shard,
)
from event_lens.warehouse.access import read_access, warehouse_url

SERVERS = {"EVENTLENS_WAREHOUSE_URL": "http://a:8123,http://b:8123/", "EVENTLENS_WAREHOUSE_CLUSTER": "all"}


def test_a_single_warehouse_is_one_shard_with_its_tables_in_lens() -> None:
    settings = read_settings({"EVENTLENS_WAREHOUSE_URL": "http://a:8123", "EVENTLENS_WAREHOUSE_CLUSTER": "replicas"})
    assert list(all_shards(settings)) == [1]
    assert (shard_of_home(settings), tables_database(settings)) == (1, "lens")
    assert settings_of_shard(settings, 1) == settings
    assert cluster_of_replicas(settings, 1) == "replicas"


def test_servers_are_shards_in_the_order_of_their_addresses(tmp_path: Path) -> None:
    settings = read_settings(SERVERS | {"EVENTLENS_HOME": str(tmp_path), "EVENTLENS_SHARD_CLUSTERS": "one, two"})
    assert [url_of_shard(settings, shard) for shard in all_shards(settings)] == ["http://a:8123", "http://b:8123"]
    assert (tables_database(settings), cluster_of_shards(settings)) == ("lens_shard", "all")
    assert [cluster_of_replicas(settings, shard) for shard in (1, 2)] == ["one", "two"]
    second = settings_of_shard(settings, 2)
    assert (second.home, shard_of_home(second)) == (tmp_path / "shards" / "2", 2)
    assert second.registry_address == settings.registry_address
    assert warehouse_url(second, "builder") == "http://b:8123"


def test_embedded_shards_share_the_registry_of_the_first_home(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    written = {"EVENTLENS_SHARD_HOMES": f"{homes[0]}:9100,{homes[1]}:9200"}
    first, second = (read_settings(written | {"EVENTLENS_HOME": str(home)}) for home in homes)
    assert [shard_of_home(settings) for settings in (first, second)] == [1, 2]
    assert [native_port(settings) for settings in (first, second)] == [9100, 9200]
    assert settings_of_shard(first, 2).home == second.home
    assert first.registry_address == second.registry_address == f"sqlite:///{homes[0] / 'registry.db'}"
    assert warehouse_url(first, "query", 2) == read_access(homes[1]).url("query") == warehouse_url(second, "query")


def test_a_home_that_is_not_a_shard_is_refused(tmp_path: Path) -> None:
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path / "other"), "EVENTLENS_SHARD_HOMES": f"{tmp_path}:9100"})
    with pytest.raises(Refused, match="EVENTLENS_SHARD_HOMES"):
        shard_of_home(settings)


@pytest.mark.parametrize("shard", [0, 3])
def test_an_unknown_shard_is_refused(shard: int) -> None:
    with pytest.raises(Refused, match="they are 1 to 2"):
        check_shard(read_settings(SERVERS), shard)


def test_servers_need_the_name_of_their_cluster_and_one_of_replicas_for_each_or_none() -> None:
    alone = read_settings({"EVENTLENS_WAREHOUSE_URL": SERVERS["EVENTLENS_WAREHOUSE_URL"]})
    with pytest.raises(Refused, match="EVENTLENS_WAREHOUSE_CLUSTER"):
        cluster_of_shards(alone)
    assert cluster_of_replicas(alone, 2) == ""
    with pytest.raises(Refused, match="EVENTLENS_SHARD_CLUSTERS"):
        cluster_of_replicas(read_settings(SERVERS | {"EVENTLENS_SHARD_CLUSTERS": "one"}), 1)
