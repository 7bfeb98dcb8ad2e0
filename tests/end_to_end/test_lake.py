"""`eventlens export-lake` as a person runs it, and what then answers with nothing running."""

from pathlib import Path

import duckdb

from query.client import connect
from tests.end_to_end.site import Site

PERIOD = {"start_date": "2026-05-01", "end_date": "2026-05-31"}
BY_DAY = "SELECT local_day, count(*) FROM read_parquet(?, hive_partitioning = true) GROUP BY 1 ORDER BY 1"


def test_a_lake_has_the_rows_of_the_tables_and_the_numbers_of_the_api(site: Site, tmp_path: Path) -> None:
    house, lake = site.house, tmp_path / "lake"
    assert "Wrote " in house.eventlens("export-lake", str(lake))
    assert f"{lake} is up to date." in house.eventlens("export-lake", str(lake))
    with house.warehouse() as warehouse:
        expected = warehouse.rows("SELECT local_day, count() AS events FROM lens.events GROUP BY 1 ORDER BY 1")
    with duckdb.connect() as engine:
        found = engine.execute(BY_DAY, [str(lake / "events" / "**" / "*.parquet")]).fetchall()
    assert found == [tuple(row.values()) for row in expected]
    offline = connect(lake=lake, project=site.project, environ={})
    key = ":".join(site.reader.values())
    assert offline.metrics(**PERIOD).equals(connect(house.query, key, environ={}).metrics(**PERIOD))
