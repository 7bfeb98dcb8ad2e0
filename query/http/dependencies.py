"""What a request says before its question is asked: whose key it is, and which page may read the answer."""

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
    """What the request's key reads."""
    return await find_reader_of(request.scope, service)


async def provide_subject(reader: Reader, project_id: str) -> ProjectScope:
    """The project in the address, which the request's key must read."""
    if reader.subject.project_id != project_id:
        raise forbidden()
    return reader.subject


async def provide_asker(request: Request[Any, Any, Any], service: Service, project_id: str) -> ProjectScope:
    """The same, or the project that the page's session may read. Only for routes that ask and change nothing."""
    if has_key(request.headers) or not is_from_page(request.headers):
        return await provide_subject(await find_reader_of(request.scope, service), project_id)
    cookie = request.cookies.get(session_cookie_name(request.headers), "")
    return await service.sign_in.find_subject(cookie, project_id)


async def provide_root(reader: Reader) -> ProjectScope:
    """The project of the request's key, which must be allowed to manage it."""
    if not reader.is_root:
        raise Refused("Managing takes a root key of the project; this one only reads.", code="root_key_needed")
    return reader.subject


async def provide_managed(reader: Reader, project_id: str) -> ProjectScope:
    """The project in the address, which the request's key must be allowed to manage."""
    await provide_subject(reader, project_id)
    return await provide_root(reader)


def session_cookie_name(headers: Mapping[str, str]) -> str:
    """The name of the session's cookie; it holds the port, for the ports of one host share their cookies."""
    port = headers.get("host", "").rpartition(":")[2]
    return f"eventlens_session_{port}" if port.isdecimal() else "eventlens_session"


async def find_reader_of(scope: Scope, service: Service) -> Reader:
    """What a request's key reads; a page of an origin that the key allows may read the answer."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    peer = scope["client"]
    reader = await service.keys.find(headers, peer[0] if peer else "")
    origin = headers.get("origin", "")
    if is_allowed(origin, reader.origins):
        scope[ALLOWED_ORIGIN] = origin  # type: ignore[literal-required]
    return reader
