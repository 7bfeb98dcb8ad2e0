"""The routes of the page: `/` and its files, and `/session`, where people sign in and out."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException

from event_lens.clock import to_datetime
from event_lens.errors import Refused
from query.auth import subject_of
from query.errors import FORBIDDEN
from query.http.dependencies import session_cookie_name
from query.page.files import read_page_files
from query.page.origin import is_from_page
from query.page.sessions import LASTING_MS, Session
from query.service import Service

AnyRequest = Request[Any, Any, Any]
INDEX = "index.html"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}


class Credentials(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """How people sign in: `token`, or `clientId` and `clientSecret`."""

    token: str = ""
    client_id: str = ""
    client_secret: str = ""


def _answer_files() -> Callable[[AnyRequest, str], Response[bytes]]:
    files = read_page_files()

    def answer(request: AnyRequest, name: str) -> Response[bytes]:
        if name not in files:
            raise NotFoundException
        file = files[name]
        headers = HEADERS | {"ETag": file.tag}
        if request.headers.get("if-none-match") == file.tag:
            return Response(b"", status_code=304, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(file.content, headers=headers, media_type=file.content_type)
        return Response(file.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=file.content_type)

    return answer


def page_routes() -> Router:
    """Read the page's files once, and return the routes that serve them."""
    answer_file = _answer_files()

    @get("/", sync_to_thread=False)
    def answer_page(request: AnyRequest) -> Response[bytes]:
        return answer_file(request, INDEX)

    @get("/page/{file:path}", sync_to_thread=False)
    def answer_part(request: AnyRequest, file: str) -> Response[bytes]:
        return answer_file(request, str(file).removeprefix("/"))

    return Router(
        "/",
        route_handlers=[answer_page, answer_part, open_session, answer_session, close_session],
        include_in_schema=False,
    )


@post("/session", status_code=200)
async def open_session(request: AnyRequest, service: Service, data: Credentials) -> Response[dict[str, Any]]:
    """Open a session for a token, or for a read or root key, and set the session's cookie."""
    _check_from_page(request)
    sign_in, address = service.sign_in, request.client.host if request.client else ""
    if data.token:
        cookie, session = await sign_in.by_token(data.token, address)
    else:
        cookie, session = await sign_in.by_key(data.client_id.strip(), data.client_secret.strip(), address)
    return Response(await _describe(service, session), cookies=[_cookie(request, cookie, LASTING_MS // 1000)])


@get("/session")
async def answer_session(request: AnyRequest, service: Service) -> dict[str, Any]:
    """Return the projects that the session reads and the time for which it lasts; `{"session": null}` for a visitor who
    is not signed in.
    """
    _check_from_page(request)
    try:
        session = await service.sign_in.find(_sent_cookie(request))
    except Refused:
        return {"session": None}
    return await _describe(service, session)


@delete("/session", sync_to_thread=False)
def close_session(request: AnyRequest, service: Service) -> Response[None]:
    """End the session and delete its cookie."""
    _check_from_page(request)
    service.sign_in.sessions.close(_sent_cookie(request))
    return Response(None, status_code=204, cookies=[_cookie(request, "", 0)])


def _check_from_page(request: AnyRequest) -> None:
    if not is_from_page(request.headers):
        raise Refused("Only the page itself signs in and out; other programs send a key.", code=FORBIDDEN)


def _sent_cookie(request: AnyRequest) -> str:
    return request.cookies.get(session_cookie_name(request.headers), "")


def _cookie(request: AnyRequest, value: str, max_age: int) -> Cookie:
    return Cookie(
        session_cookie_name(request.headers),
        value=value,
        path="/",
        max_age=max_age,
        httponly=True,
        samesite="strict",
        # Browsers send the origin with a POST; a proxy in front of us may speak HTTPS where we do not.
        secure=urlsplit(request.headers.get("origin", "")).scheme == "https",
    )


async def _describe(service: Service, session: Session) -> dict[str, Any]:
    """Return the session's projects with the zone and the currency that their numbers have now."""
    projects = await service.sign_in.projects_of(session)
    scopes = await asyncio.to_thread(lambda: [service.as_built(subject_of(project)) for project in projects])
    described = [
        {
            "projectId": project.project_id,
            "name": project.name,
            "timezone": scope.zone.key,
            "currency": scope.currency,
        }
        for project, scope in zip(projects, scopes, strict=True)
    ]
    return {"session": {"expiresAt": to_datetime(session.expires_at).isoformat(), "projects": described}}
