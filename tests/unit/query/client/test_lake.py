"""A lake answers as the warehouse does, with nothing running, and other programs read its files."""

from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars
import pytest

from docs.generate.reports import example_parameters
from event_lens.errors import Refused
from event_lens.lake.export import Exported, export_lake
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.client import Warehouse
from query.client import Lens, connect
from query.client.frame import Frame
from query.reports import REPORTS, identifier_of
from tests.unit.query.client.test_client import MARCH, SEASON, assert_refuses, of_warehouse, over_http
from tests.unit.query.sample_projects import World

NEED_MORE = {
    *("live", "lateness", "profiles/{profile}/timeline"),
    *("attribution", "cohorts/{cohort}/behaviour", "cohorts/{cohort}/members"),
    *("goals", "funnels", "funnels/{funnel}", "retentions", "retentions/{retention}"),
}
"""Reports that read raw and staging tables, and those that read definitions."""

BY = {"by_day": "day", "by_month": "toYYYYMM(day)"}


@pytest.fixture(scope="module")
def settings(world: World, warehouse_url: str) -> Settings:
    return read_settings({"EVENTLENS_HOME": str(world.home), "EVENTLENS_WAREHOUSE_URL": warehouse_url})


@pytest.fixture(scope="module")
def lake(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    export_lake(settings, folder)
    return folder


def of_lake(world: World, lake: Path, name: str) -> Lens:
    return connect(lake=lake, project=world.projects[name].project_id, environ={})


def asked(lens: Lens, name: str, written: dict[str, Any]) -> Frame:
    report = REPORTS[name]
    fields = {field.encode_name: field.name for field in msgspec.structs.fields(report.parameters)}
    frame: Frame = getattr(lens, identifier_of(report))(**{fields[key]: value for key, value in written.items()})
    return frame


def answered(lens: Lens, name: str, written: dict[str, Any]) -> tuple[Frame | None, str]:
    """The frame, or the code of what was refused."""
    try:
        return asked(lens, name, written), ""
    except Refused as error:
        return None, error.code


def test_every_report_is_the_same_from_a_lake_or_says_that_it_needs_more(
    world: World, warehouse_url: str, lake: Path
) -> None:
    warehouse, offline = of_warehouse(world, warehouse_url, "shop"), of_lake(world, lake, "shop")
    refused = set()
    for name, report in REPORTS.items():
        written = dict(example_parameters(report))
        frame, code = answered(offline, name, written)
        if frame is None:
            assert code == "lake_cannot_answer", name
            refused.add(name)
            continue
        assert frame.equals(asked(warehouse, name, written)), name
        assert frame.height, name
    assert refused == NEED_MORE


@pytest.mark.parametrize("name", ["berlin", "random", "money", "people"])
def test_numbers_of_every_project_are_those_of_the_api(world: World, lake: Path, name: str) -> None:
    """By rollups over HTTP, and by the facts from the lake, of one project after the other."""
    api, offline = over_http(world, name), of_lake(world, lake, name)
    for question in ("metrics", "timeseries", "pages", "pages_entry", "pages_exit", "referrers", "devices", "events"):
        assert getattr(offline, question)(**SEASON).equals(getattr(api, question)(**SEASON)), question
    for period in ("day", "week", "month"):
        assert offline.retention(period=period, **SEASON).equals(api.retention(period=period, **SEASON)), period


def test_answers_say_through_when_the_lake_is_complete(world: World, lake: Path) -> None:
    through = polars.Series([of_lake(world, lake, "plain").metrics(**MARCH).meta["completeThrough"]]).str.to_datetime()
    api = polars.Series([over_http(world, "plain").metrics(**MARCH).meta["completeThrough"]]).str.to_datetime()
    assert through[0] <= api[0]
    assert of_lake(world, lake, "plain").timeseries(**MARCH)["is_complete"].to_list() == [True, True]


def test_sql_reads_the_same_tables_with_the_same_types(world: World, warehouse_url: str, lake: Path) -> None:
    chosen = (
        "SELECT toString(event_id), name, created_at, path, properties.plan, revenue FROM lens.events "
        "WHERE project_id = {p:String} ORDER BY event_id"
    )
    values = {"p": world.projects["plain"].project_id}
    types = "SELECT DISTINCT toTypeName(event_id) AS id, toTypeName(properties) AS properties FROM lens.events"
    offline, warehouse = of_lake(world, lake, "plain"), of_warehouse(world, warehouse_url, "plain")
    assert offline.sql(chosen, values).equals(warehouse.sql(chosen, values))
    assert offline.sql(types).equals(warehouse.sql(types))
    with pytest.raises(Refused, match="no_such_table"):
        offline.sql("SELECT * FROM lens.no_such_table")
    odd = "it's \\ a\ttab"
    assert offline.sql("SELECT {v:String} AS v, {l:Array(String)} AS l", {"v": odd, "l": [odd]}).rows() == [
        (odd, [odd])
    ]


def test_duckdb_and_polars_read_the_files(world: World, warehouse_url: str, lake: Path) -> None:
    project = world.projects["random"].project_id
    counted = "SELECT local_day, count() AS events FROM lens.events WHERE project_id = {p:String} GROUP BY 1 ORDER BY 1"
    expected = of_warehouse(world, warehouse_url, "random").sql(counted, {"p": project}).rows()
    with duckdb.connect() as engine:
        rows = engine.execute(
            "SELECT local_day, count(*) FROM read_parquet(?, hive_partitioning = true) WHERE project_id = ? "
            "GROUP BY ALL ORDER BY 1",
            [str(lake / "events" / "**" / "*.parquet"), project],
        ).fetchall()
    assert rows == expected
    frame = polars.scan_parquet(lake / "events" / "**" / "*.parquet", hive_partitioning=True)
    of_project = frame.filter(polars.col("project_id") == project).group_by("local_day").len().sort("local_day")
    assert of_project.collect().rows() == expected


def test_an_export_from_a_lake_after_nothing_and_of_no_cohort_is_refused(
    world: World, lake: Path, tmp_path: Path
) -> None:
    assert_refuses(of_lake(world, lake, "random"), tmp_path)


def test_an_export_is_written_from_a_lake(world: World, lake: Path, tmp_path: Path) -> None:
    file = of_lake(world, lake, "random").export(
        "sessions.parquet",
        tmp_path / "sessions.parquet",
        **{
            "startDate": SEASON["start_date"],
            "endDate": SEASON["end_date"],
        },
    )
    from_api = over_http(world, "random").export(
        "sessions.parquet",
        tmp_path / "api.parquet",
        **{
            "startDate": SEASON["start_date"],
            "endDate": SEASON["end_date"],
        },
    )
    assert polars.read_parquet(file).sort("session_id").equals(polars.read_parquet(from_api).sort("session_id"))


def test_unchanged_files_are_not_written_again(settings: Settings, lake: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*.parquet")}
    assert export_lake(settings, lake) == Exported()
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*.parquet")} == before
    assert not list(lake.rglob("*.part"))


def test_only_changed_files_are_written_and_files_of_lost_rows_are_removed(
    settings: Settings, warehouse: Warehouse, lake: Path
) -> None:
    """Of a table by day and of one by month, as the tables of `lens` are."""
    for table, part in BY.items():
        warehouse.command(f"CREATE TABLE lens.{table} (project_id String, day Date) ORDER BY day PARTITION BY {part}")
    try:
        for table in BY:
            warehouse.command(f"INSERT INTO lens.{table} VALUES ('a/b', '2026-01-01'), ('a/b', '2026-01-02')")
            warehouse.command(f"INSERT INTO lens.{table} VALUES ('c', '2026-01-02'), ('c', '2026-02-01')")
        assert export_lake(settings, lake) == Exported(8, 0, 8, set(BY))
        assert (lake / "by_day" / "project_id=a%2Fb" / "day=2026-01-02" / "data.parquet").exists()
        # A day is swapped whole: its rows are gone for one project and stay for the other.
        for table in BY:
            warehouse.command(
                f"ALTER TABLE lens.{table} DELETE WHERE project_id = 'a/b' AND day = '2026-01-02'",
                settings={"mutations_sync": 2},
            )
            part = "'2026-02-01'" if table == "by_day" else "202602"
            warehouse.command(f"ALTER TABLE lens.{table} DROP PARTITION {part}")
        done = export_lake(settings, lake)
        assert (done.removed, done.tables) == (4, set(BY))
        left = {"project_id=a%2Fb/day=2026-01-01", "project_id=c/day=2026-01-02"}
        for table in BY:
            files = (lake / table).rglob("*.parquet")
            assert {str(path.parent.relative_to(lake / table)) for path in files} == left, table
        assert export_lake(settings, lake) == Exported()
    finally:
        for table in BY:
            warehouse.command(f"DROP TABLE lens.{table} SYNC")
    assert export_lake(settings, lake).removed == 4
    assert not list(lake.glob("by_*/**/*.parquet"))


def test_a_folder_that_cannot_be_a_lake_is_refused_in_a_sentence(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in ("file", "file/lake"):
        with pytest.raises(Refused, match="cannot be a lake"):
            export_lake(settings, tmp_path / place)


def test_a_report_that_a_lake_cannot_answer_says_so_in_a_sentence(world: World, lake: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="export-lake"):
        connect(lake=tmp_path / "nothing", environ={}).metrics()
    with pytest.raises(Refused, match="Say which project"):
        connect(lake=lake, environ={}).metrics()
    with pytest.raises(Refused, match="has no project 'other'"):
        connect(lake=lake, project="other", environ={}).metrics()
    with pytest.raises(Refused, match="or lake"):
        connect(lake=lake, warehouse=tmp_path, environ={})
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="is not a lake"):
        connect(lake=tmp_path / "file", environ={}).metrics()
    (tmp_path / "lake.json").write_text("{")
    with pytest.raises(Refused, match="cannot be read"):
        connect(lake=tmp_path, environ={}).metrics()
