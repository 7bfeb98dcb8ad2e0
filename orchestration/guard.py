"""Refuses what a foreign web page makes a browser send to Dagster, which knows no users and obeys every request."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import msgspec

from event_lens.errors import Refused, as_json
from event_lens.settings import Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OWN_SITES = ("", "none", "same-origin")
# No page of another site shows ours in a frame, where a visitor would click on what is hidden.
NO_FRAMES = (b"x-frame-options", b"DENY")


@dataclass(frozen=True)
class Request:
    """What of a request the judgement rests on; header names are in small letters, doubled headers are joined."""

    kind: str
    """`http` or `websocket`."""
    method: str
    path: str
    query: str
    headers: Mapping[str, str]


def own_hosts(settings: Settings) -> frozenset[str]:
    """Lists the values of `Host` under which the page is served. A public address belongs here."""
    return frozenset(f"{name}:{settings.dagster_port}" for name in ("127.0.0.1", "localhost", "[::1]"))


def check_request(request: Request, hosts: frozenset[str]) -> None:
    """Raises `Refused` for a request that does not come from the page itself, a person or a program of this machine."""
    if (host := request.headers.get("host", "").lower()) not in hosts:
        raise Refused(f"Dagster is not served as {host!r}. Open it as {_listed(hosts)}.", code="dagster_host_foreign")
    if (origin := request.headers.get("origin")) is not None and not _is_own_origin(origin, hosts):
        raise Refused(
            f"Dagster takes no requests from pages of {origin!r}. Open it as {_listed(hosts)}.",
            code="dagster_origin_foreign",
        )
    if request.headers.get("sec-fetch-site", "") not in OWN_SITES and not _is_link(request):
        raise Refused("Dagster takes no requests from pages of other sites.", code="dagster_site_foreign")
    if request.kind == "http":
        _check_method(request)


def _check_method(request: Request) -> None:
    if request.method in ("GET", "HEAD"):
        if "query" in parse_qs(request.query, keep_blank_values=True) and request.path.rstrip("/") == "/graphql":
            raise Refused("GraphQL is asked by POST with a body of JSON, not by GET.", code="dagster_graphql_by_get")
        return
    # A page of another site cannot send this type without asking first, which nobody answers.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused("Send a body of the type application/json.", code="dagster_content_type")


def _is_own_origin(origin: str, hosts: frozenset[str]) -> bool:
    scheme, _, host = origin.lower().partition("://")
    return scheme == "http" and host in hosts


def _is_link(request: Request) -> bool:
    """Whether a person followed a link to a page, say from a chat, in a window of its own."""
    return (
        request.kind == "http"
        and request.method == "GET"
        and request.path.rstrip("/") != "/graphql"
        and request.headers.get("sec-fetch-mode") == "navigate"
        and request.headers.get("sec-fetch-dest") == "document"
    )


def _listed(hosts: frozenset[str]) -> str:
    return " or ".join(f"http://{host}" for host in sorted(hosts))


class Guard:
    """An ASGI application that hands on what `check_request` lets through to `app`."""

    def __init__(self, app: App, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            check_request(_request(scope), self._hosts)
        except Refused as refused:
            await _refuse(scope, receive, send, refused)
        else:
            await self._app(scope, receive, _without_frames(send))


def _request(scope: Scope) -> Request:
    return Request(
        scope["type"],
        scope.get("method", "GET"),
        scope["path"],
        scope["query_string"].decode("latin-1"),
        _joined(scope["headers"]),
    )


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        text = value.decode("latin-1")
        key = name.decode("latin-1").lower()
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined


def _without_frames(send: Send) -> Send:
    async def send_with_header(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), NO_FRAMES]
        await send(message)

    return send_with_header


async def _refuse(scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
    if scope["type"] == "websocket":
        await receive()
        # Before it is accepted, closing it answers the handshake with 403.
        await send({"type": "websocket.close", "code": 1008, "reason": refused.code})
        return
    body = msgspec.json.encode(as_json(refused))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
