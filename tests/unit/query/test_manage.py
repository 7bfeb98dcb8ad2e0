"""What a root key manages over HTTP: its own project, nothing else; each change is noted, and says what it asks for."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import jsonschema
import pytest

from event_lens.error_codes import CODES
from event_lens.registry.audit import list_audit
from event_lens.registry.database import open_registry
from event_lens.registry.projects import closed_projects
from event_lens.settings import read_settings
from query.manage import ACTIONS
from tests.unit.query.sample_projects import World

CREATE: dict[str, dict[str, Any]] = {
    "funnels": {"name": "To a plan", "steps": [{"name": "screen_view"}, {"name": "order"}], "by": "session"},
    "retentions": {"name": "Again", "start_event": "order"},
    "goals": {"name": "Big", "event": "order", "filters": [{"name": "revenue", "operator": "gte", "value": 100}]},
    "cohorts": {"name": "Buyers", "criteria": [{"event": "order"}]},
}


class Manager:
    """A root key of a new project; every answer is held against its OpenAPI description."""

    def __init__(self, client: httpx.Client, paths: dict[str, Any], headers: dict[str, str]) -> None:
        self._client = client
        self._paths = paths
        self.headers = headers

    def send(self, method: str, path: str, body: Any = None, **written: Any) -> httpx.Response:
        response = self._client.request(method, f"/manage{path}", json=body, params=written, headers=self.headers)
        described = self._described(method, path)
        if described is not None and str(response.status_code) in described["responses"]:
            content = described["responses"][str(response.status_code)]["content"]["application/json"]
            jsonschema.validate(response.json(), content["schema"], format_checker=jsonschema.FormatChecker())
        return response

    def done(self, method: str, path: str, body: Any = None, **written: Any) -> Any:
        response = self.send(method, path, body, **written)
        assert response.status_code in (200, 201), response.text
        return response.json()["data"]

    def code(self, method: str, path: str, body: Any = None, **written: Any) -> str:
        response = self.send(method, path, body, **written)
        code: str = response.json()["error"]["code"]
        assert response.status_code == CODES[code].status
        return code

    def _described(self, method: str, path: str) -> Any:
        parts = path.split("/")
        for known, methods in self._paths.items():
            of_known = known.removeprefix("/manage").split("/")
            pairs = zip(parts, of_known, strict=True) if len(parts) == len(of_known) else [("", "x")]
            if known.startswith("/manage") and all(a == b or b.startswith("{") for a, b in pairs):
                return methods.get(method.lower())
        return None


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.url, timeout=30) as opened:
        yield opened


@pytest.fixture(scope="module")
def paths(client: httpx.Client) -> dict[str, Any]:
    described: dict[str, Any] = client.get("/schema").json()["paths"]
    return described


@pytest.fixture
def manager(client: httpx.Client, paths: dict[str, Any], world: World) -> Manager:
    made = Manager(client, paths, world.keys["shop root"]).done("POST", "/projects", {"name": "New"})
    key = {"openpanel-client-id": made["client_id"], "openpanel-client-secret": made["client_secret"]}
    return Manager(client, paths, key)


@pytest.fixture
def shop(client: httpx.Client, paths: dict[str, Any], world: World) -> Manager:
    return Manager(client, paths, world.keys["shop root"])


def test_every_action_is_described_with_the_type_of_its_answer(paths: dict[str, Any]) -> None:
    for action in ACTIONS:
        described = paths[f"/manage{action.path}"][action.method.lower()]
        schema = described["responses"][str(action.status)]["content"]["application/json"]["schema"]
        assert set(schema["properties"]) == {"data", "meta"}
        assert ("requestBody" in described) == action.has_body


def test_a_new_project_is_managed_by_the_root_key_it_came_with(manager: Manager) -> None:
    (project,) = manager.done("GET", "/projects")
    assert (project["name"], project["timezone"], project["rebuild_count"]) == ("New", "UTC", 0)
    path = f"/projects/{project['project_id']}"
    changed = manager.done("PATCH", path, {"timezone": "Asia/Kolkata", "domains": ["Example.com"], "hash_routes": True})
    assert changed == project | {"timezone": "Asia/Kolkata", "domains": ["example.com"], "hash_routes": True}
    assert manager.done("GET", path) == changed
    assert manager.done("POST", f"{path}/rebuild")["rebuild_count"] == 1


def test_an_invalid_setting_is_refused_and_changes_nothing(manager: Manager) -> None:
    (project,) = manager.done("GET", "/projects")
    path = f"/projects/{project['project_id']}"
    for body, code in (
        ({"timezone": "Mars/Olympus"}, "project_setting_invalid"),
        ({"timezon": "UTC"}, "parameter_invalid"),
        ({"shard": 2}, "parameter_invalid"),
        ({"currency": 5}, "request_invalid"),
        ({"name": " "}, "project_setting_invalid"),
        ({"own_addresses": ["everywhere"]}, "project_setting_invalid"),
    ):
        assert manager.code("PATCH", path, body) == code, body
    assert manager.code("POST", "/projects", {"name": ""}) == "project_setting_invalid"
    assert manager.code("POST", "/projects", {}) == "request_invalid"
    assert manager.code("PATCH", path, {"name": "x"}, dry="1") == "parameter_invalid"
    assert manager.done("GET", "/projects") == [project]


def test_a_key_is_made_changed_rotated_and_revoked(manager: Manager, client: httpx.Client) -> None:
    made = manager.done("POST", "/clients", {"type": "read", "name": "board", "origins": ["https://a.example/"]})
    path, secret = f"/clients/{made['client_id']}", made.pop("client_secret")
    assert (made["type"], made["origins"], made["revoked_at"]) == ("read", ["https://a.example"], None)
    assert manager.done("GET", path) == made
    assert made in manager.done("GET", "/clients")
    changed = manager.done("PATCH", path, {"origins": ["*.b.example"], "name": "boards"})
    assert changed == made | {"origins": ["*.b.example"], "name": "boards"}
    rotated = manager.done("POST", f"{path}/rotate").pop("client_secret")
    assert rotated != secret

    def reads(secret: str) -> int:
        key = {"openpanel-client-id": made["client_id"], "openpanel-client-secret": secret}
        return client.get("/insights", headers=key).status_code

    assert (reads(secret), reads(rotated)) == (401, 200)
    assert manager.done("DELETE", path)["revoked_at"] is not None
    assert manager.code("POST", f"{path}/rotate") == "key_revoked"


def test_a_key_does_not_revoke_itself(manager: Manager) -> None:
    assert manager.code("DELETE", f"/clients/{manager.headers['openpanel-client-id']}") == "key_in_use"
    assert manager.code("POST", "/clients", {"type": "admin"}) == "request_invalid"
    assert manager.code("POST", "/clients", {"type": "read", "origins": ["/path"]}) == "origin_invalid"


@pytest.mark.parametrize("kind", CREATE)
def test_a_definition_is_made_listed_and_removed(manager: Manager, kind: str) -> None:
    made = manager.done("POST", f"/{kind}", CREATE[kind])
    id = made[f"{kind[:-1]}_id"]
    assert manager.done("GET", f"/{kind}") == [made]
    assert manager.done("DELETE", f"/{kind}/{id}") == made
    assert manager.done("GET", f"/{kind}") == []
    assert manager.code("DELETE", f"/{kind}/{id}") == f"{kind[:-1]}_unknown"
    assert manager.code("POST", f"/{kind}", CREATE[kind] | {"name": ""}) == f"{kind[:-1]}_invalid"


def test_a_change_that_alters_days_names_them(shop: Manager, manager: Manager) -> None:
    response = shop.send("POST", "/goals", CREATE["goals"])
    goal, meta = response.json()["data"]["goal_id"], response.json()["meta"]
    assert meta["rebuild"] == {"first_day": "2026-05-04", "last_day": "2026-05-06", "days": 3}
    assert "eventlens build" in meta["notes"][0]
    assert shop.send("DELETE", f"/goals/{goal}").json()["meta"] == meta
    assert shop.send("GET", "/goals").json()["meta"] == {"rebuild": None, "notes": []}
    new = manager.send("POST", "/goals", CREATE["goals"]).json()["meta"]
    assert new["rebuild"] is None
    assert "No event has landed" in new["notes"][0]
    (project,) = manager.done("GET", "/projects")
    judged = manager.send("PATCH", f"/projects/{project['project_id']}", {"bot_rules": ["path:/wp-*"]}).json()["meta"]
    assert judged["rebuild"] is None
    assert "bots rescan" in judged["notes"][0]


def test_every_change_is_in_the_audit_log_of_its_project(manager: Manager) -> None:
    goal = manager.done("POST", "/goals", CREATE["goals"])["goal_id"]
    manager.done("DELETE", f"/goals/{goal}")
    removed, made, *_ = manager.done("GET", "/audit")
    key = manager.headers["openpanel-client-id"]
    assert [(each["changed_by"], each["subject"], each["subject_id"]) for each in (made, removed)] == [
        (key, "goal", goal)
    ] * 2
    assert (made["action"], made["before"], removed["action"], removed["after"]) == ("create", {}, "remove", {})
    assert removed["before"] == made["after"]
    (first,) = manager.done("GET", "/audit", limit=1)
    assert manager.done("GET", "/audit", before=first["change_id"])[0] == made
    assert manager.code("GET", "/audit", limit=0) == "limit_invalid"
    assert manager.code("GET", "/audit", befor=1) == "parameter_invalid"


def test_a_project_is_deleted_when_its_name_is_written_and_its_keys_end_at_once(
    manager: Manager, client: httpx.Client, world: World
) -> None:
    (project,) = manager.done("GET", "/projects")
    path = f"/projects/{project['project_id']}"
    assert project["deletion_asked_at"] is None
    assert manager.code("POST", f"{path}/delete", {}) == "request_invalid"
    assert manager.code("POST", f"{path}/delete", {"name": "Old"}) == "project_not_confirmed"
    assert manager.done("GET", path) == project
    answer = manager.send("POST", f"{path}/delete", {"name": "New"}).json()
    assert answer["data"]["deletion_asked_at"] is not None
    assert "eventlens project delete" in answer["meta"]["notes"][0]
    ends_by = time.monotonic() + 10
    while client.get("/manage/projects", headers=manager.headers).status_code != 401:
        assert time.monotonic() < ends_by
    with closing(open_registry(read_settings({"EVENTLENS_HOME": str(world.home)}))) as registry:
        changed = [
            (entry.subject, entry.action, entry.changed_by) for entry in list_audit(registry, project["project_id"])
        ]
        assert [each.project_id for each in closed_projects(registry)] == [project["project_id"]]
    key = manager.headers["openpanel-client-id"]
    assert sorted(changed[:2]) == [("client", "update", key), ("project", "update", key)]


def test_no_key_but_a_root_key_manages(world: World, client: httpx.Client, paths: dict[str, Any]) -> None:
    for key, status, code in (("shop", 403, "root_key_needed"), ("shop write", 403, "project_forbidden")):
        other = Manager(client, paths, world.keys[key])
        for action in ACTIONS:
            path = action.path.format(**{action.in_address or "": "x"})
            response = other.send(action.method, path, CREATE.get(path[1:]))
            assert (response.status_code, response.json()["error"]["code"]) == (status, code), action
    for action in ACTIONS:
        path = f"/manage{action.path.format(**{action.in_address or '': 'x'})}"
        assert client.request(action.method, path).status_code == 401


def test_nothing_of_another_project_is_shown_or_changed(shop: Manager, manager: Manager, world: World) -> None:
    goal = manager.done("POST", "/goals", CREATE["goals"])["goal_id"]
    key, project = manager.headers["openpanel-client-id"], manager.done("GET", "/projects")[0]["project_id"]
    before = len(manager.done("GET", "/audit"))
    for kind in CREATE:
        assert shop.code("DELETE", f"/{kind}/{goal}") == f"{kind[:-1]}_unknown"
    asked: list[tuple[str, str, Any, str]] = [
        ("GET", f"/projects/{project}", None, "project_forbidden"),
        ("PATCH", f"/projects/{project}", {"name": "mine"}, "project_forbidden"),
        ("POST", f"/projects/{project}/rebuild", None, "project_forbidden"),
        ("POST", f"/projects/{project}/delete", {"name": "New"}, "project_forbidden"),
        ("GET", f"/clients/{key}", None, "key_unknown"),
        ("PATCH", f"/clients/{key}", {"origins": ["*"]}, "key_unknown"),
        ("POST", f"/clients/{key}/rotate", None, "key_unknown"),
        ("DELETE", f"/clients/{key}", None, "key_unknown"),
    ]
    for method, path, body, code in asked:
        assert shop.code(method, path, body) == code
    assert len(manager.done("GET", "/audit")) == before
    assert manager.done("GET", "/goals")[0]["goal_id"] == goal
    assert {each["project_id"] for each in shop.done("GET", "/projects")} == {world.projects["shop"].project_id}
    assert goal not in str(shop.done("GET", "/audit")) + str(shop.done("GET", "/goals"))
