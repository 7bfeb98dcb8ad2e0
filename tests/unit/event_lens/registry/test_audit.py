"""Every change of the registry stands in its audit log: by whom, and what was before and after."""

import pytest

from event_lens.errors import Refused
from event_lens.registry.audit import list_audit
from event_lens.registry.clients import create_client, revoke_client, rotate_client
from event_lens.registry.consequences import rebuilt_projects, rescanned_projects
from event_lens.registry.database import Registry
from event_lens.registry.definitions.goals import create_goal, remove_goal
from event_lens.registry.projects import add_to_project, change_project, create_project, rebuild_project
from event_lens.registry.salts import salts_on
from event_lens.registry.sql_users import create_sql_user, revoke_sql_user


def test_a_change_is_noted_with_its_fields_before_and_after(registry: Registry) -> None:
    project = create_project(registry, "shop").project_id
    acting = registry.acting_for("root_key")
    change_project(acting, project, timezone="Europe/Berlin", name="shop")
    (change, made) = list_audit(registry, project)
    assert (made.action, made.changed_by, made.before) == ("create", "eventlens", {})
    assert (made.after["name"], made.after["timezone"], made.after["domains"]) == ("shop", "UTC", [])
    assert (change.action, change.changed_by, change.subject, change.subject_id) == (
        "update", "root_key", "project", project,
    )  # fmt: skip
    assert (change.before, change.after) == ({"timezone": "UTC"}, {"timezone": "Europe/Berlin"})
    assert [each.change_id for each in acting.changes] == [change.change_id]


def test_a_change_to_the_same_value_is_not_noted(registry: Registry) -> None:
    project = create_project(registry, "shop", domains=["example.com"]).project_id
    change_project(registry, project, name="shop", domains=["example.com"])
    assert len(list_audit(registry, project)) == 1


def test_a_refused_change_is_not_noted(registry: Registry) -> None:
    project = create_project(registry, "shop").project_id
    acting = registry.acting_for("root_key")
    with pytest.raises(Refused):
        change_project(acting, project, timezone="Mars/Olympus")
    assert acting.changes == []
    assert len(list_audit(registry, project)) == 1


def test_secrets_and_salts_are_not_in_the_log(registry: Registry) -> None:
    project = create_project(registry, "shop").project_id
    client, secret = create_client(registry, project, "read")
    rotated, other = rotate_client(registry, client.client_id)
    user, password = create_sql_user(registry, "reports", [project])
    revoke_sql_user(registry, "reports")
    salts_on(registry, "daily", client.created_at.date())
    text = repr([(entry.before, entry.after) for entry in list_audit(registry)])
    for hidden in (secret, other, password, client.secret_hash, rotated.secret_hash, user.secret_hash):
        assert hidden not in text
    changes = [(entry.action, entry.subject) for entry in reversed(list_audit(registry))]
    assert changes == [
        ("create", "project"),
        ("create", "client"),
        ("update", "client"),
        ("create", "sql_user"),
        ("remove", "sql_user"),
    ]


def test_a_revoked_client_gets_no_new_secret(registry: Registry) -> None:
    client, _ = create_client(registry, create_project(registry, "shop").project_id, "read")
    revoke_client(registry, client.client_id)
    with pytest.raises(Refused, match="revoked") as refused:
        rotate_client(registry, client.client_id)
    assert refused.value.code == "key_revoked"


def test_the_log_is_read_in_pages_and_by_project(registry: Registry) -> None:
    one, other = (create_project(registry, name).project_id for name in ("one", "other"))
    for minutes in range(1, 6):
        change_project(registry, one, session_timeout_seconds=60 * minutes)
    first = list_audit(registry, one, limit=2)
    assert [entry.after["session_timeout_seconds"] for entry in first] == [300, 240]
    rest = list_audit(registry, one, before_id=first[-1].change_id)
    assert [entry.after["session_timeout_seconds"] for entry in rest] == [180, 120, 60, 1800]
    assert [entry.subject_id for entry in list_audit(registry, other)] == [other]


def test_a_change_of_meaning_asks_for_a_build_and_another_does_not(registry: Registry) -> None:
    project = create_project(registry, "shop").project_id
    asked = {}
    for name, value in {
        "timezone": "Asia/Kolkata",
        "currency": "INR",
        "session_timeout_seconds": 60,
        "duplicate_window_ms": 0,
        "allowed_bots": ["crawler:good*"],
        "name": "store",
        "domains": ["example.com"],
        "hash_routes": True,
    }.items():
        acting = registry.acting_for("root_key")
        change_project(acting, project, **{name: value})
        asked[name] = rebuilt_projects(acting.changes) == [project]
    assert {name for name, is_asked in asked.items() if not is_asked} == {"name", "domains", "hash_routes"}
    acting = registry.acting_for("root_key")
    remove_goal(acting, create_goal(acting, project, "Buys", "purchase").goal_id)
    rebuild_project(acting, project)
    assert rebuilt_projects(acting.changes) == [project]


def test_rules_for_bots_ask_for_a_rescan(registry: Registry) -> None:
    project = create_project(registry, "shop").project_id
    acting = registry.acting_for("root_key")
    add_to_project(acting, project, bot_rules=["agent:*Probe*"])
    assert (rebuilt_projects(acting.changes), rescanned_projects(acting.changes)) == ([], [project])
