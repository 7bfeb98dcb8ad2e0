"""The client's address: the peer's, unless somebody who may say so names another. Used, and never written."""

from functools import lru_cache
from ipaddress import ip_address

from collector.credentials import ADDRESS_HEADERS, Headers, text
from event_lens.settings import Network


def client_address(headers: Headers, peer: str, proxies: tuple[Network, ...], *, is_verified: bool) -> tuple[str, bool]:
    """The address, and whether it is the client's own rather than that of a server which speaks for it.

    Headers count from a trusted proxy or with a verified secret. Of `x-forwarded-for` the entry before the trusted
    proxies counts: what is left of it anybody may have written.
    """
    is_proxy = is_within(peer, proxies)
    if is_verified or is_proxy:
        for name in ADDRESS_HEADERS:
            if name not in headers:
                continue
            value = text(headers, name)
            named = _forwarded(value, proxies) if name == b"x-forwarded-for" else _valid(value)
            if named:
                return named, True
    return peer, is_proxy or not is_verified


@lru_cache(maxsize=4096)
def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    if not networks or not _valid(address):
        return False
    parsed = ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(mapped.version == network.version and mapped in network for network in networks)


def _forwarded(value: str, proxies: tuple[Network, ...]) -> str:
    entries = [_valid(entry) for entry in value.split(",")[-32:]]
    return next((entry for entry in reversed(entries) if entry and not is_within(entry, proxies)), "")


@lru_cache(maxsize=4096)
def _valid(text: str) -> str:
    """The address in its usual form, empty when it is none."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ip_address(bare.partition("%")[0]))
    except ValueError:
        return ""
