"""Which requests reach Dagster."""

from dataclasses import replace

import pytest

from event_lens.errors import Refused
from event_lens.settings import read_settings
from orchestration.guard import Request, check_request, own_hosts

HOSTS = own_hosts(read_settings({"EVENTLENS_DAGSTER_PORT": "3000"}))
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


def code(request: Request) -> str:
    with pytest.raises(Refused) as refused:
        check_request(request, HOSTS)
    return refused.value.code


@pytest.mark.parametrize("request_", [PAGE, ASKED, SOCKET])
@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "LOCALHOST:3000", "[::1]:3000"])
def test_the_page_under_its_own_addresses_is_served(request_: Request, host: str) -> None:
    own = {"origin": f"http://{host}"} if "origin" in request_.headers else {}
    check_request(changed(request_, host=host, **own), HOSTS)


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
    check_request(link, HOSTS)
    assert code(changed(link, sec_fetch_dest="iframe")) == "dagster_site_foreign"
    assert code(replace(link, path="/graphql")) == "dagster_site_foreign"
    assert code(replace(link, method="POST")) == "dagster_site_foreign"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/graphql", "/graphql/"])
@pytest.mark.parametrize("query", ["query=mutation{x}", "a=1&query=", "%71uery=mutation{x}"])
def test_graphql_by_get_is_refused(method: str, path: str, query: str) -> None:
    assert code(replace(PAGE, method=method, path=path, query=query)) == "dagster_graphql_by_get"


def test_a_search_on_a_page_of_its_own_is_served() -> None:
    check_request(replace(PAGE, path="/assets", query="query=sessions"), HOSTS)


@pytest.mark.parametrize(
    "sent",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain; application/json"],
)
@pytest.mark.parametrize("path", ["/graphql", "/report_asset_materialization/lens/events"])
def test_a_body_that_a_form_can_send_is_refused(sent: str, path: str) -> None:
    assert code(changed(replace(ASKED, path=path), content_type=sent)) == "dagster_content_type"


def test_a_program_of_this_machine_needs_no_origin() -> None:
    check_request(replace(ASKED, headers={"host": "localhost:3000", "content-type": "application/json"}), HOSTS)
