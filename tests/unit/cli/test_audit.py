"""`eventlens audit`, and what commands say of the days whose numbers they change."""

from event_lens.registry.clients import create_client, find_client, is_secret_of
from event_lens.registry.database import Registry
from event_lens.registry.projects import create_project
from event_lens.settings import Settings
from tests.unit.cli.test_definitions import answer, run


def test_changes_from_the_shell_are_in_the_log_and_say_which_builds_they_need(
    settings: Settings, registry: Registry
) -> None:
    project = create_project(registry, "shop").project_id
    changed = run(settings, "project", "change", project, "--timezone", "Europe/Berlin", "--json")
    assert f"The tables of {project} follow its old settings" in changed.stderr
    assert "Traceback" not in changed.stderr
    assert run(settings, "project", "change", project, "--name", "store").stderr == ""
    named, moved, made = answer(settings, "audit", "--project", project)
    assert (made["action"], made["changedBy"], made["after"]["name"]) == ("create", "eventlens", "shop")
    assert (moved["changedBy"], moved["before"], moved["after"]) == (
        "shell", {"timezone": "UTC"}, {"timezone": "Europe/Berlin"},
    )  # fmt: skip
    assert named["after"] == {"name": "store"}
    shown = run(settings, "audit", "--limit", "1", COLUMNS="120").stdout
    assert "name: shop -> store" in shown


def test_a_rotated_client_has_the_secret_that_was_shown(settings: Settings, registry: Registry) -> None:
    client, secret = create_client(registry, create_project(registry, "shop").project_id, "read")
    rotated = answer(settings, "client", "rotate", client.client_id)["clientSecret"]
    found = find_client(registry, client.client_id)
    assert found is not None
    assert (is_secret_of(found, secret), is_secret_of(found, rotated)) == (False, True)
