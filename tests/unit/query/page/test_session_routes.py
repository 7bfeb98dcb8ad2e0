"""Signing in over HTTP, and what a session is good for."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from event_lens.clock import now_ms
from event_lens.registry.clients import create_client, revoke_client
from event_lens.registry.database import open_registry
from event_lens.registry.projects import list_projects
from event_lens.settings import read_settings
from query.page.sign_in_tokens import create_token
from tests.unit.query.sample_projects import World
from tests.unit.query.test_auth import FUNNEL, is_error

PAGE = {"event-lens-page": "1", "sec-fetch-site": "same-origin"}


@pytest.fixture
def tab(world: World) -> Iterator[httpx.Client]:
    """A browser's tab, without a session."""
    with httpx.Client(base_url=world.url, headers=PAGE, timeout=30) as client:
        yield client


def sign_in(tab: httpx.Client, world: World, project: str | None = None) -> httpx.Response:
    """Opens a session over `project`, or over all."""
    project_id = None if project is None else world.projects[project].project_id
    return tab.post("/session", json={"token": create_token(world.home, project_id, now_ms())})


def test_a_token_opens_a_session_for_all_projects_or_for_one(tab: httpx.Client, world: World) -> None:
    everything = sign_in(tab, world).json()["session"]["projects"]
    with closing(open_registry(read_settings({"EVENTLENS_HOME": str(world.home)}))) as registry:
        assert [project["projectId"] for project in everything] == [one.project_id for one in list_projects(registry)]
    own = sign_in(tab, world, "berlin").json()["session"]["projects"]
    assert own == [
        {
            "projectId": world.projects["berlin"].project_id,
            "name": "berlin",
            "timezone": "Europe/Berlin",
            "currency": "",
        }
    ]
    assert tab.get("/session").json()["session"]["projects"] == own


def test_a_session_asks_every_report_of_its_project_and_of_no_other(tab: httpx.Client, world: World) -> None:
    assert tab.get("/session").json() == {"session": None}
    own = f"/insights/{world.projects['plain'].project_id}"
    assert is_error(tab.get(f"{own}/metrics"), "client_unauthorized")
    sign_in(tab, world, "plain")
    assert tab.get(f"{own}/metrics").status_code == 200
    assert tab.post(f"{own}/funnel", json=FUNNEL).status_code == 200
    for other in (world.projects["berlin"].project_id, "no-such-project"):
        answer = tab.get(f"/insights/{other}/metrics")
        assert answer.status_code == 403
        assert is_error(answer, "project_forbidden")


def test_a_session_works_for_the_page_only_and_for_nothing_but_reports(tab: httpx.Client, world: World) -> None:
    sign_in(tab, world)
    path = f"/insights/{world.projects['plain'].project_id}/metrics"
    for foreign in (
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:1"},
    ):
        assert tab.get(path, headers=foreign).status_code == 401, foreign
        assert tab.get("/session", headers=foreign).status_code == 403, foreign
        assert tab.post("/session", json={}, headers=foreign).status_code == 403, foreign
    assert httpx.get(f"{world.url}{path}", cookies=dict(tab.cookies)).status_code == 401
    assert tab.get(f"/export/{world.projects['plain'].project_id}/events.csv").status_code == 401


def test_a_wrong_key_beside_a_session_is_still_wrong(tab: httpx.Client, world: World) -> None:
    sign_in(tab, world)
    wrong = {"openpanel-client-id": "read_x", "openpanel-client-secret": "y"}
    assert tab.get(f"/insights/{world.projects['plain'].project_id}/metrics", headers=wrong).status_code == 401


def test_the_cookie_is_for_the_server_alone_and_secure_over_https(tab: httpx.Client, world: World) -> None:
    cookie = sign_in(tab, world).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    host = {"host": "numbers.example.com", "origin": "https://numbers.example.com"}
    token = create_token(world.home, None, now_ms())
    behind = tab.post("/session", json={"token": token}, headers=host)
    assert "Secure" in behind.headers["set-cookie"].split("; ")


def test_signing_out_ends_the_session_itself(tab: httpx.Client, world: World) -> None:
    sign_in(tab, world)
    kept = dict(tab.cookies)
    assert tab.delete("/session").status_code == 204
    assert not tab.cookies
    assert httpx.get(f"{world.url}/session", headers=PAGE, cookies=kept).json() == {"session": None}


def test_a_session_ends_when_its_key_is_revoked(tab: httpx.Client, world: World) -> None:
    project_id = world.projects["plain"].project_id
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(world.home)}))
    client, secret = create_client(registry, project_id, "read")
    tab.post("/session", json={"clientId": client.client_id, "clientSecret": f" {secret} "}).raise_for_status()
    assert tab.get(f"/insights/{project_id}/metrics").status_code == 200
    revoke_client(registry, client.client_id)
    registry.close()
    assert tab.get(f"/insights/{project_id}/metrics").status_code == 401


def test_a_key_that_only_writes_does_not_sign_in(tab: httpx.Client, world: World) -> None:
    key = world.keys["write"]
    given = {"clientId": key["openpanel-client-id"], "clientSecret": key["openpanel-client-secret"]}
    answer = tab.post("/session", json=given)
    assert answer.status_code == 403
    assert is_error(answer, "project_forbidden")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"token": 1}', b'{"tokens": "x"}', b'{"token": "\\ud800"}'])
def test_a_body_that_is_not_a_sign_in_is_refused(tab: httpx.Client, body: bytes) -> None:
    answer = tab.post("/session", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 401), answer.text
    assert set(answer.json()) == {"error"}
    assert "set-cookie" not in answer.headers


def test_the_page_comes_with_a_strict_policy_and_its_files_whole_packed_or_not_again(world: World) -> None:
    for prefix in ("", "/api/v1"):
        page = httpx.get(f"{world.url}{prefix}/")
        assert page.headers["content-type"].startswith("text/html")
        assert (page.headers["content-encoding"], page.headers["cache-control"]) == ("gzip", "no-cache")
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in policy
        script = httpx.get(f"{world.url}{prefix}/page/main.js", headers={"accept-encoding": "identity"})
        assert script.headers["content-type"].startswith("text/javascript")
        tag = {"if-none-match": script.headers["etag"]}
        assert httpx.get(f"{world.url}{prefix}/page/main.js", headers=tag).status_code == 304


@pytest.mark.parametrize(
    "path", ["page/", "page/nothing.js", "page/../app.py", "page/%2e%2e/app.py", "page//etc/passwd"]
)
def test_nothing_but_the_files_of_the_page_is_served(world: World, path: str) -> None:
    answer = httpx.get(f"{world.url}/{path}")
    assert answer.status_code == 404
    assert is_error(answer, "route_unknown")
