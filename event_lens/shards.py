"""The shards of a warehouse: servers that each hold all rows of some projects (docs/decisions/0020-shards.md).

A warehouse of one shard has the tables of the last build in the database `lens`. A warehouse of several shards has the
tables of each shard in the shard's database `lens_shard`, and `lens` on every shard spans them.
"""

from dataclasses import replace

from event_lens.errors import Refused
from event_lens.settings import Settings

EMBEDDED_CLUSTER = "shards"
"""The name of the cluster that embedded warehouses form together."""

SPANNING, OWN = "lens", "lens_shard"


def count_shards(settings: Settings) -> int:
    return len(settings.shard_homes) or len(_urls(settings)) or 1


def all_shards(settings: Settings) -> range:
    """Return the numbers of the shards, from 1 on."""
    return range(1, count_shards(settings) + 1)


def shard_of_home(settings: Settings) -> int:
    """Return the shard that this home builds, and also serves when the warehouse is embedded. Raises `Refused`
    (`shard_unknown`).
    """
    homes = [home.folder for home in settings.shard_homes]
    if homes and settings.home not in homes:
        raise Refused(
            f"EVENTLENS_HOME is {settings.home}, and that is not one of EVENTLENS_SHARD_HOMES.", code="shard_unknown"
        )
    return homes.index(settings.home) + 1 if homes else check_shard(settings, settings.shard)


def check_shard(settings: Settings, shard: int) -> int:
    """Return `shard`, if a shard of that number exists. Raises `Refused` (`shard_unknown`)."""
    if shard not in all_shards(settings):
        raise Refused(f"There is no shard {shard}; they are 1 to {count_shards(settings)}.", code="shard_unknown")
    return shard


def settings_of_shard(settings: Settings, shard: int) -> Settings:
    """Return the settings of the home that builds `shard`: `settings` itself for its own shard.

    On ClickHouse servers the home of any other shard is `shards/N` in `settings.home`.
    """
    if shard == shard_of_home(settings):
        return settings
    home = settings.shard_homes[shard - 1].folder if settings.shard_homes else settings.home / "shards" / str(shard)
    return replace(settings, home=home, registry_url=settings.registry_address, shard=shard)


def native_port(settings: Settings) -> int:
    """Return the port of ClickHouse's native protocol at this home's embedded warehouse."""
    homes = settings.shard_homes
    return homes[shard_of_home(settings) - 1].native_port if homes else settings.warehouse_native_port


def url_of_shard(settings: Settings, shard: int) -> str:
    """Return the URL that is set for `shard`; empty for an embedded warehouse."""
    urls = _urls(settings)
    return urls[shard - 1] if urls else ""


def tables_database(settings: Settings) -> str:
    """Return the database of the tables that a build of a shard writes."""
    return OWN if count_shards(settings) > 1 else SPANNING


def cluster_of_shards(settings: Settings) -> str:
    """Return the name of the cluster of all shards, through which a shard reads the others. Raises `Refused`
    (`cluster_missing`).
    """
    if settings.shard_homes:
        return EMBEDDED_CLUSTER
    if not settings.warehouse_cluster:
        raise Refused(
            "EVENTLENS_WAREHOUSE_URL has several addresses: name their cluster in EVENTLENS_WAREHOUSE_CLUSTER.",
            code="cluster_missing",
        )
    return settings.warehouse_cluster


def cluster_of_replicas(settings: Settings, shard: int) -> str:
    """Return the name of the cluster of `shard`'s replicas; empty where the shard is one server. Raises `Refused`
    (`cluster_missing`).
    """
    if count_shards(settings) == 1:
        return settings.warehouse_cluster
    if not settings.shard_clusters:
        return ""
    if len(settings.shard_clusters) != count_shards(settings):
        raise Refused("EVENTLENS_SHARD_CLUSTERS needs one name for each shard, or none.", code="cluster_missing")
    return settings.shard_clusters[shard - 1]


def _urls(settings: Settings) -> list[str]:
    return settings.warehouse_url.split(",") if settings.warehouse_url else []
