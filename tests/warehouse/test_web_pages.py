"""Pages of others, open in the browser of somebody who runs the warehouse: they reach it, and it answers nothing."""

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import EmbeddedServer

ASKED = "SELECT 'told'"
CROSS_SITE = {"Sec-Fetch-Site": "cross-site"}
# Requests that a page can make a browser send: a picture or a script, a form, a `fetch`, and a request to a name that
# points here.
PAGES = [
    {**CROSS_SITE, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "Referer": "http://evil.example/"},
    {**CROSS_SITE, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
    {**CROSS_SITE, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Origin": "http://evil.example", **CROSS_SITE, "Sec-Fetch-Mode": "cors"},
    {"Origin": "http://evil.example"},
    {"Origin": "https://evil.example", "Content-Type": "text/plain"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://localhost:1"},
    {"Origin": "null"},
    {"Host": "evil.example:8123"},
    {"Host": "evil.example:8123", "Origin": "http://evil.example:8123", "Sec-Fetch-Site": "same-origin"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost.evil.example:8123"},
    {"Host": "127.0.0.1@evil.example"},
    {"Host": "[::1"},
]
WHO = [{"user": "analyst"}, {"user": "default"}, {}]


@pytest.fixture
def guard(guarded_url: str) -> Iterator[httpx.Client]:
    """Speaks HTTP to the guard, without a user."""
    with httpx.Client(base_url=guarded_url, timeout=30) as client:
        yield client


@pytest.mark.parametrize("headers", PAGES)
@pytest.mark.parametrize("who", WHO)
def test_no_page_of_another_site_reaches_the_guard(
    guard: httpx.Client, headers: dict[str, str], who: dict[str, str]
) -> None:
    for path in ("/", "/ping", "/play"):
        for answer in (
            guard.get(path, params={"query": ASKED, **who}, headers=headers),
            guard.post(path, params=who, content=ASKED, headers=headers),
            guard.options(path, headers={**headers, "Access-Control-Request-Method": "POST"}),
        ):
            assert answer.status_code == 403
            assert "told" not in answer.text
            assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("headers", PAGES)
def test_a_password_does_not_open_the_guard_to_pages_of_other_sites(
    guard: httpx.Client, http: httpx.Client, headers: dict[str, str]
) -> None:
    auth = (http.base_url.username, http.base_url.password)
    answer = guard.post("/", content=ASKED, headers=headers, auth=auth)
    assert (answer.status_code, "told" in answer.text) == (403, False)


def test_the_pages_of_the_server_itself_are_served_and_may_ask(guard: httpx.Client, guarded_url: str) -> None:
    typed = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for path in ("/play", "/dashboard"):
        page = guard.get(path, headers=typed)
        assert page.status_code == 200
        assert "<html" in page.text
    own = {"Origin": guarded_url, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    for name in ("127.0.0.1", "localhost", "[::1]"):
        address = guarded_url.replace("127.0.0.1", name)
        headers = {**own, "Origin": address, "Host": address.removeprefix("http://")}
        answer = guard.post("/", params={"user": "analyst"}, content=ASKED, headers=headers)
        assert answer.text == "told\n"


NOBODY = [
    {}, {"user": ""}, {"user": "default"}, {"user": "default", "password": "guess"}, {"user": "nobody"},
    {"user": "analyst"}, {"user": "analyst", "password": "guess"}, {"user": "project_analyst"}, {"user": "parser"},
    {"user": "admin"}, {"user": "admin", "password": "guess"}, {"user": "query"}, {"user": "collector"},
    {"user": "builder"},
]  # fmt: skip


@pytest.mark.parametrize("who", NOBODY)
def test_nothing_on_the_port_of_the_server_answers_without_a_password(
    nobody: httpx.Client, embedded_warehouse: EmbeddedServer, who: dict[str, str]
) -> None:
    check_refuses(nobody, who)


@pytest.mark.parametrize("who", [who for who in NOBODY if who != {"user": "analyst"}])
def test_of_users_without_a_password_the_guard_answers_the_analyst_only(
    guard: httpx.Client, who: dict[str, str]
) -> None:
    check_refuses(guard, who)


def check_refuses(client: httpx.Client, who: dict[str, str]) -> None:
    user, password = who.get("user", ""), who.get("password", "")
    as_headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
    for answer in (
        client.post("/", params=who, content=ASKED),
        client.get("/", params={**who, "query": ASKED}),
        client.get("/", params={**who, "query": ASKED}, headers={**CROSS_SITE, "Sec-Fetch-Dest": "image"}),
        client.post("/", headers=as_headers, content=ASKED),
        client.post("/", auth=(user, password), content=ASKED),
        client.post("/", files={"query": (None, ASKED), **{name: (None, value) for name, value in who.items()}}),
    ):
        assert answer.status_code in (401, 403, 500), answer.text
        assert "told" not in answer.text
        if answer.status_code != 403 or "x-clickhouse-exception-code" in answer.headers:
            # Three refusals: a wrong password, a statement while the user's only allowed one runs, and a password that
            # is asked for.
            assert answer.headers["x-clickhouse-exception-code"] in ("516", "202", "194"), answer.text
