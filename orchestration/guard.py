"""Refuses requests that a foreign web page makes a browser send to Dagster. Dagster has no users and obeys every
request.

If other machines can reach Dagster, the guard also asks for a password.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from event_lens.contract.host import ascii_host
from event_lens.errors import EventLensError, Refused, Unavailable, as_json, status_of
from event_lens.settings import Network, Settings
from orchestration.login import LOGIN_MISSING, Logins, address_of, check_login

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OWN_SITES = ("", "none", "same-origin")
# Forbids other sites to show our page in a frame, where a visitor could be tricked into clicks (clickjacking).
NO_FRAMES = (b"x-frame-options", b"DENY")
UNAUTHORIZED = 401
ASK_FOR_PASSWORD = (b"www-authenticate", b'Basic realm="Dagster", charset="UTF-8"')
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Request:
    """The parts of a request from which the guard decides. Header names are in lower case; repeated headers are
    joined.
    """

    kind: str
    """`http` or `websocket`."""
    method: str
    path: str
    query: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Door:
    """The origins under which Dagster is served, its password ('' for none) and the path of its pages."""

    origins: frozenset[str]
    password: str
    path: str

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(origin.partition("://")[2] for origin in self.origins)


def door_of(settings: Settings) -> Door:
    """Return the door that the settings describe. The public address counts as an origin only if there is a password,
    because a proxy shows Dagster to everybody.
    """
    origins = {f"http://{name}:{settings.dagster_port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    if settings.dagster_password and settings.public_url:
        origins.add(_origin_of(settings.public_url))
    return Door(frozenset(origins), settings.dagster_password, settings.dagster_path)


def _origin_of(url: str) -> str:
    """Return the origin of an address as browsers write it: in lower case, without the scheme's default port."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else ascii_host(name)
    is_usual = parts.port is None or parts.port == DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" if is_usual else f"{parts.scheme}://{host}:{parts.port}"


def check_request(request: Request, door: Door) -> None:
    """Check that a request comes from Dagster's own page, a person, or a program with the password. Raises
    `Refused`.
    """
    if (host := request.headers.get("host", "").lower()) not in door.hosts:
        raise Refused(
            f"Dagster is not served as {host!r}. Open it as {_listed(door)}; for another name set "
            "EVENTLENS_PUBLIC_URL and EVENTLENS_DAGSTER_PASSWORD.",
            code="dagster_host_foreign",
        )
    if (origin := request.headers.get("origin")) is not None and origin.lower() not in door.origins:
        raise Refused(
            f"Dagster takes no requests from pages of {origin!r}. Open it as {_listed(door)}.",
            code="dagster_origin_foreign",
        )
    if request.headers.get("sec-fetch-site", "") not in OWN_SITES and not _is_link(request):
        raise Refused("Dagster takes no requests from pages of other sites.", code="dagster_site_foreign")
    if request.kind == "http":
        _check_method(request)
    # Probes may see that it is alive; they learn only its versions.
    if (request.method, request.path) != ("GET", f"{door.path}/server_info"):
        check_login(request.headers, door.password)


def _check_method(request: Request) -> None:
    if request.method in ("GET", "HEAD"):
        if "query" in parse_qs(request.query, keep_blank_values=True) and request.path.rstrip("/").endswith("/graphql"):
            raise Refused("GraphQL is asked by POST with a body of JSON, not by GET.", code="dagster_graphql_by_get")
        return
    # Another site's page cannot send this content type without a preflight, which is never answered.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused("Send a body of the type application/json.", code="dagster_content_type")


def _is_link(request: Request) -> bool:
    """Return whether a person followed a link to a page, for example from a chat, in a window of its own."""
    return (
        request.kind == "http"
        and request.method == "GET"
        and not request.path.rstrip("/").endswith("/graphql")
        and request.headers.get("sec-fetch-mode") == "navigate"
        and request.headers.get("sec-fetch-dest") == "document"
    )


def _listed(door: Door) -> str:
    return " or ".join(f"{origin}{door.path}" for origin in sorted(door.origins))


class Guard:
    """An ASGI application that passes to `app` only requests that `check_request` allows."""

    def __init__(self, app: App, door: Door, logins: Logins, proxies: Collection[Network] = ()) -> None:
        self._app = app
        self._door = door
        self._logins = logins
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request = _request(scope)
        try:
            self._check(request, scope["client"][0] if scope.get("client") else "")
        except EventLensError as error:
            await _refuse(scope, receive, send, error)
        else:
            await self._app(scope, receive, _without_frames(send))

    def _check(self, request: Request, peer: str) -> None:
        """Check a request and its password. Raises `Refused`, and `Unavailable` (`keys_limited`) after too many
        wrong passwords.
        """
        authorization = request.headers.get("authorization", "") if self._door.password else ""
        address = address_of(peer, request.headers, self._proxies)
        self._logins.check(authorization, address)
        try:
            check_request(request, self._door)
        except Refused as refused:
            if refused.code == LOGIN_MISSING:
                self._logins.note(authorization, address, is_right=False)
            raise
        self._logins.note(authorization, address, is_right=True)


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


async def _refuse(scope: Scope, receive: Receive, send: Send, refused: EventLensError) -> None:
    if scope["type"] == "websocket":
        await receive()
        # Before it is accepted, closing it answers the handshake with 403.
        await send({"type": "websocket.close", "code": 1008, "reason": refused.code})
        return
    body = msgspec.json.encode(as_json(refused))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    status = status_of(refused)
    if isinstance(refused, Unavailable):
        headers.append((b"retry-after", str(refused.retry_after_seconds).encode()))
    if status == UNAUTHORIZED:
        headers.append(ASK_FOR_PASSWORD)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
