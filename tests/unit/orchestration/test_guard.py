"""Which requests reach Dagster."""

import asyncio
from base64 import b64encode
from collections.abc import MutableMapping
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from event_lens.errors import Refused
from event_lens.settings import read_settings
from orchestration.guard import Door, Guard, Receive, Request, Scope, Send, check_request, door_of
from orchestration.login import Logins, check_login_beyond_loopback

LOCAL = door_of(read_settings({"EVENTLENS_DAGSTER_PORT": "3000"}))
PASSWORD = "correct horse"
PUBLISHED = {
    "EVENTLENS_PUBLIC_URL": "https://stats.example.com/lens",
    "EVENTLENS_DAGSTER_PATH": "/lens/dagster",
    "EVENTLENS_DAGSTER_PASSWORD": PASSWORD,
}
PUBLIC = door_of(read_settings(PUBLISHED))
LOGGED_IN = {"authorization": f"Basic {b64encode(f'ana:{PASSWORD}'.encode()).decode()}"}
PAGE = Request("http", "GET", "/runs", "", {"host": "127.0.0.1:3000"})
ASKED = Request(
    "http",
    "POST",
    "/graphql",
    "op=launch",
    {
        "host": "localhost:3000",
        "origin": "http://localhost:3000",
        "sec-fetch-site": "same-origin",
        "content-type": "application/json; charset=utf-8",
    },
)
SOCKET = Request("websocket", "GET", "/graphql", "", {"host": "127.0.0.1:3000", "origin": "http://127.0.0.1:3000"})


def changed(request: Request, **headers: str) -> Request:
    return replace(request, headers=dict(request.headers) | {k.replace("_", "-"): v for k, v in headers.items()})


def code(request: Request, door: Door = LOCAL) -> str:
    with pytest.raises(Refused) as refused:
        check_request(request, door)
    return refused.value.code


@pytest.mark.parametrize("request_", [PAGE, ASKED, SOCKET])
@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "LOCALHOST:3000", "[::1]:3000"])
def test_the_page_under_its_own_addresses_is_served(request_: Request, host: str) -> None:
    own = {"origin": f"http://{host}"} if "origin" in request_.headers else {}
    check_request(changed(request_, host=host, **own), LOCAL)


@pytest.mark.parametrize("request_", [PAGE, ASKED, SOCKET])
@pytest.mark.parametrize(
    "host",
    ["evil.example:3000", "localhost.evil.example:3000", "127.0.0.1:3001", "127.0.0.1", "", "127.0.0.1:3000, evil"],
)
def test_another_host_is_refused(request_: Request, host: str) -> None:
    assert code(changed(request_, host=host)) == "dagster_host_foreign"


def test_a_request_without_a_host_is_refused() -> None:
    assert code(replace(PAGE, headers={})) == "dagster_host_foreign"


@pytest.mark.parametrize("request_", [PAGE, ASKED, SOCKET])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1:3003",
        "null",
        "",
        "https://127.0.0.1:3000",
        "http://evil@localhost:3000",
    ],
)
def test_another_origin_is_refused(request_: Request, origin: str) -> None:
    assert code(changed(request_, origin=origin)) == "dagster_origin_foreign"


@pytest.mark.parametrize("request_", [PAGE, ASKED, SOCKET])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_site_loads_or_sends_is_refused(request_: Request, site: str) -> None:
    assert code(changed(request_, sec_fetch_site=site)) == "dagster_site_foreign"


def test_a_link_from_another_site_opens_a_page() -> None:
    link = changed(PAGE, sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="document")
    check_request(link, LOCAL)
    assert code(changed(link, sec_fetch_dest="iframe")) == "dagster_site_foreign"
    assert code(replace(link, path="/graphql")) == "dagster_site_foreign"
    assert code(replace(link, method="POST")) == "dagster_site_foreign"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/graphql", "/graphql/"])
@pytest.mark.parametrize("query", ["query=mutation{x}", "a=1&query=", "%71uery=mutation{x}"])
def test_graphql_by_get_is_refused(method: str, path: str, query: str) -> None:
    assert code(replace(PAGE, method=method, path=path, query=query)) == "dagster_graphql_by_get"


def test_a_search_on_a_page_of_its_own_is_served() -> None:
    check_request(replace(PAGE, path="/assets", query="query=sessions"), LOCAL)


@pytest.mark.parametrize(
    "sent",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain; application/json"],
)
@pytest.mark.parametrize("path", ["/graphql", "/report_asset_materialization/lens/events"])
def test_a_body_that_a_form_can_send_is_refused(sent: str, path: str) -> None:
    assert code(changed(replace(ASKED, path=path), content_type=sent)) == "dagster_content_type"


def test_a_program_of_this_machine_needs_no_origin() -> None:
    check_request(replace(ASKED, headers={"host": "localhost:3000", "content-type": "application/json"}), LOCAL)


def last_published(request: Request) -> Request:
    """`request` as the proxy passes it on, from a person who gave the password."""
    own = {"origin": "https://stats.example.com"} if "origin" in request.headers else {}
    sent = changed(request, host="stats.example.com", x_forwarded_for="203.0.113.9", **own, **LOGGED_IN)
    return replace(sent, path=f"{PUBLIC.path}{sent.path}")


@pytest.mark.parametrize("request_", [PAGE, ASKED, SOCKET])
def test_a_proxy_serves_the_page_under_the_public_address_to_who_has_the_password(request_: Request) -> None:
    check_request(last_published(request_), PUBLIC)
    without = {name: value for name, value in last_published(request_).headers.items() if name != "authorization"}
    assert code(replace(request_, headers=without), PUBLIC) == "dagster_login_missing"


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Basic",
        "Basic !",
        f"Bearer {PASSWORD}",
        f"Basic {PASSWORD}",
        f"Basic {b64encode(PASSWORD.encode()).decode()}",
        f"Basic {b64encode(b'ana:wrong').decode()}",
        f"Basic {b64encode(f'ana:{PASSWORD}x'.encode()).decode()}",
    ],
)
def test_a_wrong_password_is_refused(sent: str) -> None:
    assert code(changed(last_published(PAGE), authorization=sent), PUBLIC) == "dagster_login_missing"


@pytest.mark.parametrize("host", ["rebound.example", "stats.example.com.evil.example", "stats.example.com:8443", ""])
def test_the_password_does_not_let_another_name_in(host: str) -> None:
    assert code(changed(last_published(PAGE), host=host), PUBLIC) == "dagster_host_foreign"


@pytest.mark.parametrize("origin", ["http://stats.example.com", "https://evil.example", "https://example.com"])
def test_the_password_does_not_let_another_page_in(origin: str) -> None:
    assert code(changed(last_published(ASKED), origin=origin), PUBLIC) == "dagster_origin_foreign"


def test_this_machine_needs_the_password_too_since_a_proxy_can_have_its_address() -> None:
    assert code(PAGE, PUBLIC) == "dagster_login_missing"
    check_request(changed(PAGE, **LOGGED_IN), PUBLIC)


def test_a_probe_needs_no_password() -> None:
    check_request(replace(PAGE, path="/lens/dagster/server_info"), PUBLIC)
    assert code(replace(PAGE, path="/lens/dagster/server_info/x"), PUBLIC) == "dagster_login_missing"


def test_graphql_by_get_is_refused_under_a_path_too() -> None:
    asked = replace(last_published(PAGE), path="/lens/dagster/graphql", query="query=mutation{x}")
    assert code(asked, PUBLIC) == "dagster_graphql_by_get"


def test_without_a_password_the_public_address_is_foreign() -> None:
    open_to_all = door_of(read_settings({"EVENTLENS_PUBLIC_URL": "https://stats.example.com"}))
    assert code(changed(PAGE, host="stats.example.com"), open_to_all) == "dagster_host_foreign"


@pytest.mark.parametrize("header", ["x_forwarded_for", "x_real_ip", "forwarded", "via", "x_forwarded_proto"])
def test_without_a_password_what_a_proxy_passes_on_is_refused(header: str) -> None:
    assert code(changed(PAGE, **{header: "203.0.113.9"})) == "dagster_proxied"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://stats.example.com:80", "stats.example.com"),
        ("https://Stats.example.com:443/", "stats.example.com"),
        ("https://stats.example.com:8443", "stats.example.com:8443"),
        ("https://faß.de", "xn--fa-hia.de"),
        ("http://[2001:db8::1]:8080", "[2001:db8::1]:8080"),
    ],
)
def test_the_public_host_is_spelt_as_browsers_send_it(url: str, host: str) -> None:
    door = door_of(read_settings(PUBLISHED | {"EVENTLENS_PUBLIC_URL": url}))
    check_request(changed(PAGE, host=host, **LOGGED_IN), door)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
def test_dagster_beyond_loopback_needs_a_password(host: str) -> None:
    with pytest.raises(Refused, match="EVENTLENS_DAGSTER_PASSWORD") as refused:
        check_login_beyond_loopback(read_settings({"EVENTLENS_HOST": host}))
    assert refused.value.code == "dagster_without_password"
    check_login_beyond_loopback(read_settings({"EVENTLENS_HOST": host, "EVENTLENS_DAGSTER_PASSWORD": PASSWORD}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1"])
def test_dagster_on_loopback_needs_none(host: str) -> None:
    check_login_beyond_loopback(read_settings({"EVENTLENS_HOST": host}))


class Clock:
    """Seconds that go on as the test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


RIGHT, WRONG = LOGGED_IN["authorization"], f"Basic {b64encode(b'ana:guessed').decode()}"


def outcome(guard: Guard, authorization: str, peer: str = "192.0.2.1", **headers: str) -> int:
    """The status of a request for the page."""
    sent = {"host": "stats.example.com", "authorization": authorization} | headers
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/runs",
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items() if value],
        "client": (peer, 1),
    }
    statuses: list[int] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(guard(scope, receive, send))
    return statuses[0]


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200})


def guarded(clock: Clock) -> Guard:
    return Guard(page, PUBLIC, Logins(3, clock), (ip_network("10.0.0.0/8"),))


def test_after_some_wrong_passwords_an_address_waits_for_a_minute() -> None:
    clock = Clock()
    guard = guarded(clock)
    assert [outcome(guard, WRONG) for _ in range(5)] == [401, 401, 401, 429, 429]
    assert outcome(guard, RIGHT) == 429
    assert outcome(guard, RIGHT, "192.0.2.2") == 200
    clock.now += 61
    assert outcome(guard, RIGHT) == 200


def test_a_person_who_has_logged_in_is_served_while_others_guess_from_the_same_address() -> None:
    clock = Clock()
    guard = guarded(clock)
    assert outcome(guard, RIGHT) == 200
    assert [outcome(guard, WRONG) for _ in range(4)] == [401, 401, 401, 429]
    assert outcome(guard, RIGHT) == 200


def test_a_page_that_asks_for_the_password_is_not_an_attempt() -> None:
    guard = guarded(Clock())
    assert [outcome(guard, "") for _ in range(5)] == [401] * 5
    assert outcome(guard, RIGHT) == 200


def test_behind_a_trusted_proxy_each_visitor_is_limited_alone() -> None:
    guard = guarded(Clock())
    for _ in range(4):
        outcome(guard, WRONG, "10.0.0.1", x_forwarded_for="203.0.113.5")
    assert outcome(guard, RIGHT, "10.0.0.1", x_forwarded_for="198.51.100.1, 203.0.113.5") == 429
    assert outcome(guard, RIGHT, "10.0.0.1", x_forwarded_for="203.0.113.6") == 200


def test_a_sender_that_is_not_a_trusted_proxy_cannot_name_another_address() -> None:
    guard = guarded(Clock())
    for number in range(4):
        outcome(guard, WRONG, x_forwarded_for=f"203.0.113.{number}")
    assert outcome(guard, RIGHT) == 429
