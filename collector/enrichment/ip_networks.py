"""A set of addresses and networks, and a fast test whether an address lies in it."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network


class Networks:
    """Single addresses and networks as text, such as `192.0.2.7` and `2001:db8::/48`; true if it is not empty. Because
    the test runs for every request, it takes as long for a thousand networks as for one.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Take addresses and networks. Raises `ValueError` for text that is neither."""
        self._prefixes: dict[tuple[int, int], set[int]] = {}
        for network in map(ip_network, texts):
            shift = network.max_prefixlen - network.prefixlen
            prefix = int(network.network_address) >> shift
            self._prefixes.setdefault((network.version, shift), set()).add(prefix)

    def __bool__(self) -> bool:
        return bool(self._prefixes)

    def hold(self, address: str) -> bool:
        """Return whether `address` lies in one of the networks; an IPv4-mapped IPv6 address counts as IPv4. Invalid
        addresses never match.
        """
        if not self._prefixes:
            return False
        version, number = _read(address)
        return any(
            kind == version and number >> shift in prefixes for (kind, shift), prefixes in self._prefixes.items()
        )


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[int, int]:
    """Return the version of an address and its number; version 0 for text that is not an address."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return 0, 0
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return 4, int(address.ipv4_mapped)
    return address.version, int(address)
