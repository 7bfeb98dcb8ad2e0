"""The password that Dagster's page asks for. Dagster has no users, so without a password only this machine may use
it.
"""

import binascii
import hmac
import time
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from ipaddress import ip_address

from event_lens.errors import Refused
from event_lens.failure_limit import FailureLimit
from event_lens.settings import Network, Settings

KNOWN_SECONDS = 3600.0
MAX_KNOWN = 100
LOGIN_MISSING = "dagster_login_missing"

# A proxy that adds one of these headers forwards requests from outside this machine.
PROXIED = frozenset(
    {"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "cf-connecting-ip"}
)


def check_login_beyond_loopback(settings: Settings) -> None:
    """Check that other machines reach Dagster only with a password. Raises `Refused` (`dagster_without_password`)."""
    if settings.dagster_password or ip_address(settings.host).is_loopback:
        return
    raise Refused(
        f"EVENTLENS_HOST is {settings.host}, and Dagster, which obeys whoever reaches it, has no users. "
        "Set EVENTLENS_DAGSTER_PASSWORD, or EVENTLENS_HOST to 127.0.0.1.",
        code="dagster_without_password",
    )


def check_login(headers: Mapping[str, str], password: str) -> None:
    """Check the password in `headers`. Raises `Refused`: `dagster_login_missing`, and `dagster_proxied` for a
    proxy's request when `password` is ''.
    """
    if password:
        if not hmac.compare_digest(_password_in(headers.get("authorization", "")), password.encode()):
            raise Refused("Dagster asks for EVENTLENS_DAGSTER_PASSWORD, under any user name.", code=LOGIN_MISSING)
    elif PROXIED & headers.keys():
        raise Refused(
            "Dagster answers a proxy only with a password. Set EVENTLENS_DAGSTER_PASSWORD.", code="dagster_proxied"
        )


class Logins:
    """Limits wrong passwords by address, within one event loop. Right credentials are accepted for an hour."""

    def __init__(self, max_failures: int, timer: Callable[[], float] = time.monotonic) -> None:
        self._failures = FailureLimit(max_failures, timer)
        self._timer = timer
        self._right: OrderedDict[bytes, float] = OrderedDict()

    def check(self, authorization: str, address: str) -> None:
        """Check that an address may try credentials. Raises `Unavailable` (`keys_limited`) when it has sent too many
        wrong passwords.
        """
        right_at = self._right.get(_digest(authorization))
        if authorization and (right_at is None or self._timer() - right_at >= KNOWN_SECONDS):
            self._failures.check(address)

    def note(self, authorization: str, address: str, *, is_right: bool) -> None:
        """Note whether credentials were right; a request without credentials does not count as an attempt."""
        if authorization and not is_right:
            self._failures.count(address)
        elif authorization:
            self._right[_digest(authorization)] = self._timer()
            self._right.move_to_end(_digest(authorization))
            while len(self._right) > MAX_KNOWN:
                self._right.popitem(last=False)


def address_of(peer: str, headers: Mapping[str, str], proxies: Collection[Network]) -> str:
    """Return the asker's address: the last hop named by a trusted proxy that is not itself a trusted proxy, or the
    peer's address if there is no such hop.
    """
    hops = [peer, *(hop.strip() for hop in reversed(headers.get("x-forwarded-for", "").split(",")))]
    return next((hop for hop in hops if hop and not _is_within(hop, proxies)), peer)


def _is_within(address: str, networks: Collection[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in networks)


def _digest(authorization: str) -> bytes:
    return sha256(authorization.encode("utf-8", "surrogatepass")).digest()


def _password_in(authorization: str) -> bytes:
    """Return the password of HTTP Basic credentials (RFC 7617); empty when there is none."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(credentials.strip(), validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
