"""What a project leaves out and keeps: how it is spelled, refused, added to and taken from; by function and command."""

import json
import subprocess
from typing import Any

import pytest

from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.projects import (
    add_to_project,
    change_project,
    create_project,
    find_project,
    remove_from_project,
)
from event_lens.settings import Settings
from tests.command import run_command
from tests.unit.event_lens.registry.conftest import only_sqlite


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("own_addresses", " 192.0.2.7", "192.0.2.7"),
        ("own_addresses", "192.0.2.7/32", "192.0.2.7"),
        ("own_addresses", "192.0.2.0/24", "192.0.2.0/24"),
        ("own_addresses", "2001:DB8:0:0::/48", "2001:db8::/48"),
        ("own_addresses", "::ffff:192.0.2.7", "192.0.2.7"),
        ("own_addresses", "::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("hostnames", "Example.COM.", "example.com"),
        ("hostnames", "*.example.com", "*.example.com"),
        ("hostnames", "*.한국.kr", "*.xn--3e0b707e.kr"),
        ("hostnames", "localhost", "localhost"),
        ("domains", "münchen.de", "xn--mnchen-3ya.de"),
        ("query_allow_list", "Page", "Page"),
        ("query_allow_list", "filter[color]", "filter[color]"),
        ("query_allow_list", "*", "*"),
    ],
)
def test_a_value_is_kept_in_one_spelling(registry: Registry, name: str, given: str, kept: str) -> None:
    project = create_project(registry, "shop", **{name: [given, given]})
    assert getattr(find_project(registry, project.project_id), name) == [kept]


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("own_addresses", ["192.0.2.300"], "neither an address nor a network"),
        ("own_addresses", ["192.0.2.7/24"], "192.0.2.0/24"),
        ("own_addresses", ["0.0.0.0/0"], "every address"),
        ("own_addresses", ["::/0"], "every address"),
        ("own_addresses", ["::ffff:0:0/96"], "every address"),
        ("own_addresses", ["office"], "neither"),
        ("own_addresses", [""], "neither"),
        ("hostnames", ["https://example.com"], "without scheme"),
        ("hostnames", ["example.com:8080"], "without scheme"),
        ("hostnames", ["example.com/shop"], "without scheme"),
        ("hostnames", ["*"], "not a hostname"),
        ("hostnames", ["*.*.example.com"], "not a hostname"),
        ("hostnames", ["a..b"], "not a hostname"),
        ("hostnames", ["x" * 64 + ".com"], "not a hostname"),
        ("domains", ["*.example.com"], "not a hostname"),
        ("query_allow_list", ["a=b"], "query parameter"),
        ("query_allow_list", ["*", "page"], "not both"),
        ("allowed_bots", [""], "empty"),
        ("own_addresses", [f"10.0.{number // 256}.{number % 256}" for number in range(1001)], "up to 1000"),
        ("own_addresses", "192.0.2.7", "is a list"),
        ("honour_gpc", "yes", "true or false"),
        ("session_timeout_seconds", True, "a whole number"),
        ("timezone", 1, "a text"),
    ],
)
def test_an_invalid_value_is_refused_with_its_remedy(registry: Registry, name: str, values: Any, says: str) -> None:
    project = create_project(registry, "shop")
    with pytest.raises(Refused) as refused:
        change_project(registry, project.project_id, **{name: values})
    assert refused.value.code == "project_setting_invalid"
    assert says in refused.value.message
    assert getattr(find_project(registry, project.project_id), name) == getattr(project, name)


def test_values_are_added_and_taken_out_one_by_one(registry: Registry) -> None:
    project_id = create_project(registry, "shop", own_addresses=["192.0.2.7"]).project_id
    add_to_project(registry, project_id, own_addresses=["2001:db8::/48", "192.0.2.7"], hostnames=["example.com"])
    assert find_project(registry, project_id).own_addresses == ["192.0.2.7", "2001:db8::/48"]
    remove_from_project(registry, project_id, own_addresses=["192.0.2.7/32"])
    assert find_project(registry, project_id).own_addresses == ["2001:db8::/48"]
    assert find_project(registry, project_id).hostnames == ["example.com"]


def test_a_value_that_a_list_does_not_have_cannot_be_removed(registry: Registry) -> None:
    project_id = create_project(registry, "shop", own_addresses=["192.0.2.7"]).project_id
    with pytest.raises(Refused, match=r"192\.0\.2\.7"):
        remove_from_project(registry, project_id, own_addresses=["192.0.2.8"])
    with pytest.raises(Refused):
        remove_from_project(registry, project_id, timezone=["UTC"])
    assert find_project(registry, project_id).own_addresses == ["192.0.2.7"]


def command(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command({"EVENTLENS_HOME": str(settings.home)}, "project", *arguments, "--json")


def run(settings: Settings, *arguments: str) -> Any:
    done = command(settings, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@only_sqlite
def test_the_command_sets_shows_and_takes_back_every_privacy_setting(settings: Settings) -> None:
    made = run(settings, "create", "shop", "--excluded-ip", "192.0.2.7", "--honour-gpc")
    assert (made["ownAddresses"], made["honourGpc"], made["honourDnt"]) == (["192.0.2.7"], True, False)
    project_id = made["projectId"]
    changed = run(
        settings, "change", project_id, "--device-salt", "monthly", "--no-honour-gpc", "--honour-dnt", "--hash-routes",
        "--hostname", "example.com", "--hostname", "*.example.com", "--query-allow", "q", "--query-allow", "page",
        "--allow-unsafe-revenue", "--domain", "example.com",
    )  # fmt: skip
    assert changed == run(settings, "show", project_id)
    assert changed == made | {
        "deviceSalt": "monthly",
        "honourGpc": False,
        "honourDnt": True,
        "hashRoutes": True,
        "hostnames": ["example.com", "*.example.com"],
        "queryAllowList": ["q", "page"],
        "allowUnsafeRevenue": True,
        "domains": ["example.com"],
    }
    run(settings, "add-to", project_id, "--own-address", "2001:db8::/48", "--query-allow", "sort")
    left = run(settings, "remove-from", project_id, "--own-address", "192.0.2.7", "--query-allow", "q")
    assert (left["ownAddresses"], left["queryAllowList"]) == (["2001:db8::/48"], ["page", "sort"])
    emptied = run(settings, "change", project_id, "--own-address", "", "--hostname", "", "--query-allow", "*")
    assert (emptied["ownAddresses"], emptied["hostnames"], emptied["queryAllowList"]) == ([], [], ["*"])
    refused = command(settings, "change", project_id, "--own-address", "192.0.2.7/24")
    assert refused.returncode != 0
    assert "192.0.2.0/24" in refused.stderr
