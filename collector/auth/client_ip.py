"""The client's address: the peer's address, unless a trusted sender names another. It is used and never stored."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from collector.auth.credentials import CLIENT_IP_HEADERS, PROXY_IP_HEADERS, Headers, text
from event_lens.settings import Network

FORWARDED_FOR, FORWARDED = b"x-forwarded-for", b"forwarded"
CHAINS = (FORWARDED_FOR, FORWARDED)
MAX_HOPS = 32
MAX_CHAIN = 8_192

_PAIR = re.compile(r'\s*([^\s=;,"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;"]*)\s*(?:;|$)')


@dataclass(frozen=True)
class Proxies:
    """Networks of trusted proxies, and the lower-case name of the header in which they write the client's address. If
    no header is set, `X-Forwarded-For` is read, or `Forwarded` where that is missing: other headers may come from the
    visitor.
    """

    networks: tuple[Network, ...] = ()
    header: str = ""


def read_headers(lines: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by name. A repeated header has the value of its last line, but a header with a chain of addresses
    has the values of all its lines.
    """
    lines = list(lines)
    headers = dict(lines)
    if len(headers) != len(lines):
        for chain in CHAINS:
            if chain in headers:
                headers[chain] = b", ".join(value for name, value in lines if name == chain)
    return headers


def client_address(headers: Headers, peer: str, proxies: Proxies, *, is_verified: bool) -> tuple[str, bool]:
    """Return the address, and whether it is the client's own address rather than the address of a server that sends for
    the client. A sender with a verified secret may name any address. From a trusted proxy, the last address of the
    chain that is not a trusted proxy counts: the addresses before it may be forged.
    """
    is_proxy = is_within(peer, proxies.networks)
    if is_verified and (
        named := _named(headers, CLIENT_IP_HEADERS if is_proxy else CLIENT_IP_HEADERS + PROXY_IP_HEADERS)
    ):
        return named, True
    if is_verified or is_proxy:
        # An application's server that is a trusted proxy, such as OpenPanel's handler for Next.js, names its visitor.
        named = _stranger(headers, proxies) or _named(headers, CLIENT_IP_HEADERS[:2])
        if named:
            return named, True
    return _valid(peer) or peer, is_proxy or not is_verified


@lru_cache(maxsize=4096)
def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    if not networks or not (valid := _valid(address)):
        return False
    parsed = ip_address(valid)
    return any(parsed.version == network.version and parsed in network for network in networks)


def _named(headers: Headers, names: tuple[bytes, ...]) -> str:
    """Return the first valid address in the headers `names`, in their order; empty when no header has a valid
    address.
    """
    return next((found for name in names if name in headers and (found := _valid(text(headers, name)))), "")


def _stranger(headers: Headers, proxies: Proxies) -> str:
    """Return the last address of the chain that is not a trusted proxy; empty when there is no such address."""
    name = proxies.header.encode()
    if name and name in headers and name not in CHAINS:
        found = _valid(text(headers, name))
        if found and not is_within(found, proxies.networks):
            return found
    chain = name if name in CHAINS else next((each for each in CHAINS if each in headers), FORWARDED_FOR)
    hops = _hops(chain, text(headers, chain)[-MAX_CHAIN:])
    return next((hop for hop in hops if hop and not is_within(hop, proxies.networks)), "")


def _hops(chain: bytes, value: str) -> Iterator[str]:
    """Yield the addresses of a chain, the last one first; empty text for a hop that hides its own."""
    if chain == FORWARDED_FOR:
        yield from (_valid(hop) for hop in reversed(value.split(",")[-MAX_HOPS:]))
        return
    for _, element in zip(range(MAX_HOPS), _elements(value), strict=False):
        yield _valid(_for(element))


def _elements(forwarded: str) -> Iterator[str]:
    """Yield the elements of a `Forwarded` header (RFC 7239), the last one first.

    Because the header is read from its end, a quote that the visitor left open cannot swallow the elements that proxies
    added.
    """
    end, is_quoted = len(forwarded), False
    for place in range(len(forwarded) - 1, -1, -1):
        character = forwarded[place]
        if character == '"' and not _is_escaped(forwarded, place):
            is_quoted = not is_quoted
        elif character == "," and not is_quoted:
            yield forwarded[place + 1 : end]
            end = place
    yield forwarded[:end]


def _is_escaped(text: str, place: int) -> bool:
    first = place
    while first and text[first - 1] == "\\":
        first -= 1
    return (place - first) % 2 == 1


def _for(element: str) -> str:
    """Return the value of `for` in an element of `Forwarded`; empty if the element has no `for`."""
    place = 0
    while pair := _PAIR.match(element, place):
        if pair[1].lower() == "for":
            return pair[2]
        place = pair.end()
    return ""


@lru_cache(maxsize=4096)
def _valid(text: str) -> str:
    """Return the address in its usual form, IPv4 in IPv6 as IPv4; empty for text that is not an address."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
