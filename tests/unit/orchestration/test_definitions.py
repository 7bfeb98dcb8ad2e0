"""What Dagster shows: the asset graph as the data team sees it."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from docs.generate.graph import graph_page
from docs.generate.pages import ROOT
from docs.generate.tables import read_manifest, tables_page
from event_lens.settings import Settings, read_settings
from event_lens.warehouse.client import Warehouse
from orchestration.dbt import dbt_project
from orchestration.definitions import make_definitions
from orchestration.planning.runs import JOB

PUBLIC = {
    "attribution",
    "cohort_members",
    "cohorts",
    "devices_daily",
    "entry_pages_daily",
    "event_names_daily",
    "events",
    "exit_pages_daily",
    "funnels",
    "funnels_daily",
    "goals",
    "groups",
    "identities",
    "ingest_hourly",
    "metrics_daily",
    "metrics_hourly",
    "metrics_monthly",
    "metrics_weekly",
    "page_flows_daily",
    "pages_daily",
    "places_daily",
    "profiles",
    "projects",
    "retention",
    "retentions",
    "sessions",
    "sources_daily",
}
NAMES = {"funnels", "goals", "projects", "retentions"}
NOT_BY_DAY = {"cohort_members", "cohorts", "groups", "identities", "profiles", "retention"} | NAMES


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return read_settings({"EVENTLENS_HOME": str(tmp_path_factory.mktemp("definitions") / "home")})


@pytest.fixture(scope="module")
def definitions(settings: Settings) -> dg.Definitions:
    return make_definitions(settings)


@pytest.fixture(scope="module")
def assets(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_every_public_table_is_an_asset_under_its_address(assets: dict[str, dg.AssetSpec]) -> None:
    assert {key.removeprefix("lens/") for key in assets if key.startswith("lens/")} == PUBLIC


def test_daily_tables_have_a_partition_a_day_and_the_others_none(assets: dict[str, dg.AssetSpec]) -> None:
    for table in PUBLIC:
        partitions = assets[f"lens/{table}"].partitions_def
        assert (partitions is None) == (table in NOT_BY_DAY), table


def test_every_public_table_has_a_freshness_policy_and_a_description(assets: dict[str, dg.AssetSpec]) -> None:
    for table in PUBLIC:
        assert assets[f"lens/{table}"].freshness_policy is not None, table
        assert "grain: one row per" in (assets[f"lens/{table}"].description or "").lower(), table


def test_raw_tables_are_upstream_of_the_models(assets: dict[str, dg.AssetSpec]) -> None:
    upstream = {dep.asset_key.to_user_string() for spec in assets.values() for dep in spec.deps}
    assert {f"lens_raw/{table}" for table in ("events", "profile_operations", "quarantine")} <= upstream
    assert {f"lens_raw/{table}" for table in ("project_settings", "zone_offsets", "funnel_definitions")} <= upstream


def test_marking_batches_as_built_comes_after_every_table(assets: dict[str, dg.AssetSpec]) -> None:
    before = {dep.asset_key.to_user_string() for dep in assets["lens_staging/built_batches"].deps}
    assert {f"lens/{table}" for table in PUBLIC} <= before


def test_every_public_table_has_a_check(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def(JOB)
    checked = {key.asset_key.to_user_string() for key in job.asset_layer.asset_graph.asset_check_keys}
    views = {"lens/metrics_weekly", "lens/metrics_monthly"}
    assert {f"lens/{table}" for table in PUBLIC} - views <= checked
    assert "lens_raw/events" in checked


def test_schedules_and_sensors_run_and_people_have_jobs(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    jobs = {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {JOB, "backup", "delete_project", "erase_person", "expire", "export_lake", "replay_quarantine"}
    assert {s.default_status for s in repository.schedule_defs} == {dg.DefaultScheduleStatus.RUNNING}
    assert {s.name for s in repository.schedule_defs} == {"build_lens_nightly", "expire_nightly"}
    assert {s.name for s in repository.sensor_defs} == {"build_what_landed", "delete_asked_projects"}
    assert {s.default_status for s in repository.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}


def test_dagster_validates_the_definitions_in_a_process_of_its_own(settings: Settings) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("EVENTLENS_", "DAGSTER_"))}
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-m", "orchestration.definitions"],
        env=environ | {"EVENTLENS_HOME": str(settings.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_of_tables_is_current_and_says_what_every_column_means(
    settings: Settings, definitions: dg.Definitions
) -> None:
    manifest = read_manifest(dbt_project(settings).manifest_path)
    page = tables_page(manifest)
    assert (ROOT / "docs" / "tables.md").read_text() == page
    assert not [line for line in page.splitlines() if line.startswith("| `") and line.endswith("|  |")]


def test_the_page_of_the_graph_is_current(definitions: dg.Definitions) -> None:
    assert (ROOT / "docs" / "graph.md").read_text() == graph_page(definitions)


def test_every_asset_says_what_it_is_for_and_who_keeps_it(assets: dict[str, dg.AssetSpec]) -> None:
    for key, spec in assets.items():
        first = (spec.description or "").split("\n")[0]
        assert len(first.split()) >= 4, f"{key}: {first!r}"
        assert not first.startswith(("dbt model", "dbt seed")), key
        assert spec.owners == ["team:data"], key


def test_no_secret_of_the_warehouse_is_in_the_definitions(tmp_path: Path, warehouse: Warehouse) -> None:
    secret = "a-password-that-is-nowhere"
    settings = read_settings(
        {"EVENTLENS_HOME": str(tmp_path / "home"), "EVENTLENS_WAREHOUSE_URL": f"http://lens:{secret}@127.0.0.1:1"}
    )
    make_definitions(settings)
    written = [path for path in settings.home.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if secret.encode() in path.read_bytes()]
