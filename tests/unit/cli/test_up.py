"""The parts that `eventlens up` serves from a home."""

from pathlib import Path

from cli.up import own_parts
from event_lens.settings import read_settings


def test_the_first_shards_home_serves_everything_and_the_others_their_warehouse(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    written = {"EVENTLENS_SHARD_HOMES": f"{homes[0]}:9100,{homes[1]}:9200"}
    first, second = (read_settings(written | {"EVENTLENS_HOME": str(home)}) for home in homes)
    assert [part.name for part in own_parts(first)] == ["warehouse", "collector", "query"]
    assert [part.name for part in own_parts(second)] == ["warehouse"]
