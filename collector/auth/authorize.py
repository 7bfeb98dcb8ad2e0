"""Who may send: the client exists and writes, its secret is right or its page's origin is one of its own.

Who has no secret may do so as often as the rate limit lets it, and nobody may fail more often.
"""

import shlex
from dataclasses import dataclass

from collector.auth.client_cache import ClientCache, KnownClient
from collector.auth.client_ip import Proxies, client_address, is_within
from collector.auth.credentials import ID_HEADERS, SECRET_HEADERS, Headers, first_text, query_value, text
from collector.auth.rate_limit import RateLimit, RateLimited
from collector.enrichment.context import ProjectSettings
from event_lens.errors import Refused
from event_lens.registry.allowed_origins import is_allowed
from event_lens.registry.clients import is_secret_of

WRITERS = ("write", "root")
MAX_SHOWN_ORIGIN = 255


@dataclass(frozen=True, slots=True)
class Access:
    """A sender that may send. `has_client_address` is as in `RequestContext`; `is_proxied`: through a trusted proxy."""

    project: ProjectSettings
    client_id: str
    is_verified: bool
    address: str
    has_client_address: bool
    origin: str
    is_proxied: bool


async def authorise(
    client_cache: ClientCache,
    limit: RateLimit,
    headers: Headers,
    query: bytes,
    peer: str,
    proxies: Proxies,
    *,
    body_id: str = "",
    body_secret: str = "",
    events: int = 1,
) -> Access:
    """The sender of a request with so many events; credentials in headers win over the body's, those over the query's.

    Raises `Refused` (`client_missing`, `client_unknown`, `client_cannot_write`, `secret_wrong`, `origin_refused`,
    `rate_limited`) and `Unavailable` when the registry does not answer.
    """
    secret = first_text(headers, SECRET_HEADERS) or body_secret
    origin = text(headers, b"origin")
    try:
        client_id = first_text(headers, ID_HEADERS) or body_id or query_value(query, "clientId")
        if not client_id:
            raise Refused("No client id: send it as the header openpanel-client-id.", code="client_missing")
        if not client_cache.knows(client_id):
            # Before the registry is asked: that costs more than anything else an attempt can cause.
            limit.check_failures(client_address(headers, peer, proxies, is_verified=False)[0])
        key = _checked(await client_cache.find(client_id), secret, origin)
    except RateLimited:
        raise
    except Refused:
        limit.fail(client_address(headers, peer, proxies, is_verified=False)[0])
        raise
    address, has_client_address = client_address(headers, peer, proxies, is_verified=bool(secret))
    if not secret:
        await limit.take(client_id, address, events)
    is_proxied = is_within(peer, proxies.networks)
    return Access(key.project, client_id, bool(secret), address, has_client_address, origin, is_proxied)


def _checked(key: KnownClient | None, secret: str, origin: str) -> KnownClient:
    """The key, if `secret` is its own or, without one, `origin` is. Raises `Refused`."""
    if key is None:
        raise Refused("The client is unknown or revoked; check its id.", code="client_unknown")
    if key.client.type not in WRITERS:
        raise Refused("This client reads only; send with a write or root client.", code="client_cannot_write")
    if secret:
        if not is_secret_of(key.client, secret):
            raise Refused("The client's secret is wrong.", code="secret_wrong")
    elif not is_allowed(origin, key.client.origins):
        raise _origin_refused(key.client.client_id, origin)
    return key


def _origin_refused(client_id: str, origin: str) -> Refused:
    if not origin:
        came = "No secret came and no Origin: send the secret, or from a page of one of the client's origins."
    else:
        shown = origin[:MAX_SHOWN_ORIGIN]
        came = (
            f"No secret came, and {shown!r} is not an origin of this client. "
            f"If it is yours: eventlens client origins add {client_id} {shlex.quote(shown)}."
        )
    return Refused(came, code="origin_refused")
