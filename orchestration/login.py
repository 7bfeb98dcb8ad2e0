"""The password that Dagster's page asks for. Dagster has no users, so without one nobody but this machine is served."""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Mapping
from ipaddress import ip_address

from event_lens.errors import Refused
from event_lens.settings import Settings

# A proxy that adds one of them speaks for somebody else than the programs of this machine.
PROXIED = frozenset(
    {"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "cf-connecting-ip"}
)


def check_login_beyond_loopback(settings: Settings) -> None:
    """Raises `Refused` (`dagster_without_password`) where other machines would reach Dagster without a password."""
    if settings.dagster_password or ip_address(settings.host).is_loopback:
        return
    raise Refused(
        f"EVENTLENS_HOST is {settings.host}, and Dagster, which obeys whoever reaches it, has no users. "
        "Set EVENTLENS_DAGSTER_PASSWORD, or EVENTLENS_HOST to 127.0.0.1.",
        code="dagster_without_password",
    )


def check_login(headers: Mapping[str, str], password: str) -> None:
    """Raises `Refused`: `dagster_login_missing`, and `dagster_proxied` for a proxy's request when `password` is ''."""
    if password:
        if not hmac.compare_digest(_password_in(headers.get("authorization", "")), password.encode()):
            raise Refused(
                "Dagster asks for EVENTLENS_DAGSTER_PASSWORD, under any user name.", code="dagster_login_missing"
            )
    elif PROXIED & headers.keys():
        raise Refused(
            "Dagster answers a proxy only with a password. Set EVENTLENS_DAGSTER_PASSWORD.", code="dagster_proxied"
        )


def _password_in(authorization: str) -> bytes:
    """The password of HTTP Basic credentials (RFC 7617), empty without one."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(credentials.strip(), validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
