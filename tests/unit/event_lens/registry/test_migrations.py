"""A registry of an older program is taken over with what is in it."""

import sqlite3
from datetime import date
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from event_lens.registry import database
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.funnels import list_funnels
from event_lens.registry.projects import find_project
from event_lens.registry.salts import salts_on
from event_lens.settings import Settings


def make_older(settings: Settings, revision: str) -> None:
    settings.home.mkdir(parents=True)
    engine = create_engine(settings.registry_address)
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with engine.begin() as opened:
        config.attributes["connection"] = opened
        command.upgrade(config, revision)
    engine.dispose()


def test_projects_and_salts_from_before_the_privacy_settings_stay_as_they_were(settings: Settings) -> None:
    make_older(settings, "0001")
    with sqlite3.connect(settings.home / "registry.db") as database:
        database.execute(
            "INSERT INTO projects VALUES ('p', 'shop', '2026-01-01', '[]', 'UTC', '', 60, 0, 'daily', 0, '[\"x\"]')"
        )
        database.execute("INSERT INTO salts VALUES ('2026-03-01', 'pepper')")
    database.close()
    registry = open_registry(settings)
    project = find_project(registry, "p")
    assert (project.session_timeout_seconds, project.allowed_bots) == (60, ["x"])
    assert (project.own_addresses, project.hostnames, project.query_allow_list) == ([], [], ["*"])
    assert (project.honour_gpc, project.honour_dnt, project.hash_routes) == (False, False, False)
    assert salts_on(registry, "daily", date(2026, 3, 1)) == {date(2026, 3, 1): "pepper"}
    registry.close()


def test_a_funnel_from_before_filters_counts_as_it_did(settings: Settings) -> None:
    make_older(settings, "0002")
    with sqlite3.connect(settings.home / "registry.db") as database:
        database.execute(
            "INSERT INTO projects (project_id, name, created_at, domains, timezone, currency, "
            "session_timeout_seconds, duplicate_window_ms, device_salt, allow_unsafe_revenue, allowed_bots) "
            "VALUES ('p', 'shop', '2026-01-01', '[]', 'UTC', '', 60, 0, 'daily', 0, '[]')"
        )
        database.execute("INSERT INTO funnels VALUES ('f', 'p', 'buy', '[\"a\", \"b\"]', '2026-01-01', 60)")
    database.close()
    registry = open_registry(settings)
    [funnel] = list_funnels(registry)
    assert (funnel.step_names, funnel.step_filters, funnel.window_seconds) == (["a", "b"], [[], []], 60)
    assert (funnel.counted_by, funnel.step_order, funnel.breakdown) == ("device", "ordered", "")
    registry.close()
