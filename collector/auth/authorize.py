"""Decides who may send: the client must exist and be allowed to write, and either the secret is right or the page's
origin is among the client's origins. The rate limit applies to senders without a secret, and to failed attempts of
every sender.
"""

import shlex

from collector.auth.client_cache import ClientCache, KnownClient
from collector.auth.client_ip import Proxies, client_address, is_within
from collector.auth.credentials import ID_HEADERS, SECRET_HEADERS, Headers, first_text, query_value, text
from collector.auth.quotas import ProjectQuotas
from collector.auth.rate_limit import RateLimit, RateLimited
from collector.enrichment.bot_signals import bot_signals
from collector.enrichment.context import RequestContext
from collector.enrichment.exclusions import is_privacy_signal
from event_lens.clock import Clock, now_ms, to_datetime
from event_lens.errors import Refused
from event_lens.registry.allowed_origins import is_allowed
from event_lens.registry.clients import is_secret_of
from event_lens.settings import Settings
from event_lens.warehouse.retention import first_day_taken

WRITERS = ("write", "root")
MAX_SHOWN_ORIGIN = 255


class Authoriser:
    """Authorises the requests of one process, and determines each request's sender once."""

    def __init__(
        self,
        settings: Settings,
        client_cache: ClientCache,
        limit: RateLimit,
        quotas: ProjectQuotas,
        clock: Clock = now_ms,
    ) -> None:
        self._client_cache = client_cache
        self._limit = limit
        self._quotas = quotas
        self._proxies = Proxies(settings.trusted_proxies, settings.client_ip_header)
        self._first_day = settings.first_day
        self._raw_days = settings.raw_ttl_days
        self._clock = clock

    async def context(
        self,
        headers: Headers,
        query: bytes,
        peer: str,
        *,
        body_id: str = "",
        body_secret: str = "",
        events: int = 1,
        byte_count: int = 0,
    ) -> RequestContext:
        """Return the context of a request with `events` events. Credentials in headers win over credentials in the
        body. The id may also come in the query string, which is read last.

        Raises `Refused` (`client_missing`, `client_unknown`, `client_cannot_write`, `secret_wrong`, `origin_refused`,
        `rate_limited`, and the codes of quotas) and `Unavailable` when the registry does not answer.
        """
        secret = first_text(headers, SECRET_HEADERS) or body_secret
        origin = text(headers, b"origin")
        client_id = first_text(headers, ID_HEADERS) or body_id or query_value(query, "clientId")
        project = (await self._known(headers, peer, client_id, secret, origin)).project
        is_verified = bool(secret)
        address, has_client_address = client_address(headers, peer, self._proxies, is_verified=is_verified)
        if not is_verified:
            await self._limit.take(client_id, address, events)
        self._quotas.take(project, events, byte_count)
        user_agent = text(headers, b"user-agent")
        received_at_ms = self._clock()
        is_proxied = is_within(peer, self._proxies.networks)
        return RequestContext(
            project=project,
            received_at_ms=received_at_ms,
            salts=await self._client_cache.salts(project.device_salt),
            first_day=self._first_day,
            first_day_taken=first_day_taken(project.kept(self._raw_days), to_datetime(received_at_ms).date()),
            address=address,
            has_client_address=has_client_address,
            user_agent=user_agent,
            is_verified=is_verified,
            client_id=client_id,
            sdk_name=text(headers, b"openpanel-sdk-name"),
            sdk_version=text(headers, b"openpanel-sdk-version"),
            origin=origin,
            accept_language=text(headers, b"accept-language"),
            privacy_signal=is_privacy_signal(project, headers),
            bot_signals="" if is_verified else bot_signals(headers, user_agent, origin, is_proxied=is_proxied),
        )

    async def _known(self, headers: Headers, peer: str, client_id: str, secret: str, origin: str) -> KnownClient:
        """Return the client, if it may send. Otherwise count a failed attempt against the sender's address, and raise
        `Refused`.
        """
        try:
            if not client_id:
                raise Refused("No client id: send it as the header openpanel-client-id.", code="client_missing")
            if not self._client_cache.knows(client_id):
                # Checked before the registry is asked, which is the most expensive step of an attempt.
                self._limit.check_failures(self._guesser(headers, peer))
            return _checked(await self._client_cache.find(client_id), secret, origin)
        except RateLimited:
            raise
        except Refused:
            self._limit.fail(self._guesser(headers, peer))
            raise

    def _guesser(self, headers: Headers, peer: str) -> str:
        """Return the address that a failed attempt counts against; an unverified secret does not change it."""
        return client_address(headers, peer, self._proxies, is_verified=False)[0]


def _checked(key: KnownClient | None, secret: str, origin: str) -> KnownClient:
    """Return the key, if `secret` is the key's secret or, without a secret, `origin` is allowed. Raises `Refused`
    (`client_unknown`, `client_cannot_write`, `secret_wrong`, `origin_refused`).
    """
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
