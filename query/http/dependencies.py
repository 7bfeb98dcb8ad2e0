"""Reads a request's headers before its question is asked: the key, and the origin whose page may read the answer."""

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.types import Scope

from event_lens.errors import Refused
from event_lens.registry.allowed_origins import is_allowed
from query.auth import Reader, forbidden, has_key
from query.http.middleware import ALLOWED_ORIGIN
from query.page.origin import is_from_page
from query.report_context import ProjectScope
from query.service import Service


async def provide_reader(request: Request[Any, Any, Any], service: Service) -> Reader:
    """Return the project and rights of the request's key."""
    return await find_reader_of(request.scope, service)


async def provide_subject(reader: Reader, project_id: str) -> ProjectScope:
    """Return the project in the address. Raises `Refused` (`project_forbidden`) when the request's key does not read
    it.
    """
    if reader.subject.project_id != project_id:
        raise forbidden()
    return reader.subject


async def provide_asker(request: Request[Any, Any, Any], service: Service, project_id: str) -> ProjectScope:
    """Return the project in the address, if the request's key or the page's session may read it. Use it only for routes
    that change nothing.
    """
    if has_key(request.headers) or not is_from_page(request.headers):
        return await provide_subject(await find_reader_of(request.scope, service), project_id)
    cookie = request.cookies.get(session_cookie_name(request.headers), "")
    return await service.sign_in.find_subject(cookie, project_id)


async def provide_root(reader: Reader) -> ProjectScope:
    """Return the project of the request's key. Raises `Refused` (`root_key_needed`) unless it is a root key."""
    if not reader.is_root:
        raise Refused("Managing takes a root key of the project; this one only reads.", code="root_key_needed")
    return reader.subject


async def provide_managed(reader: Reader, project_id: str) -> ProjectScope:
    """Return the project in the address. Raises `Refused` (`project_forbidden`, `root_key_needed`) unless the request's
    key is a root key of that project.
    """
    await provide_subject(reader, project_id)
    return await provide_root(reader)


def session_cookie_name(headers: Mapping[str, str]) -> str:
    """Return the name of the session's cookie. The name holds the port, because all ports of a host share their
    cookies.
    """
    port = headers.get("host", "").rpartition(":")[2]
    return f"eventlens_session_{port}" if port.isdecimal() else "eventlens_session"


async def find_reader_of(scope: Scope, service: Service) -> Reader:
    """Return the project and rights of the request's key, and let pages of the key's origins read the answer."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    peer = scope["client"]
    reader = await service.keys.find(headers, peer[0] if peer else "")
    origin = headers.get("origin", "")
    if is_allowed(origin, reader.origins):
        scope[ALLOWED_ORIGIN] = origin  # type: ignore[literal-required]
    return reader
