"""Own addresses in a project's settings: single addresses or networks whose events are left out."""

from ipaddress import IPv6Network, ip_network

from event_lens.errors import Refused


def own_address(text: str) -> str:
    """Return an address, or a network such as `192.0.2.0/24`, in canonical form. An IPv4-mapped IPv6 address becomes
    the IPv4 address. Raises `Refused` (`project_setting_invalid`).
    """
    bare = text.strip()
    try:
        network = ip_network(bare)
    except ValueError:
        raise Refused(_fault(bare), code="project_setting_invalid") from None
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped and network.prefixlen >= 96:
        network = ip_network(f"{network.network_address.ipv4_mapped}/{network.prefixlen - 96}")
    if not network.prefixlen:
        raise Refused(f"{text!r} is every address there is; name your own.", code="project_setting_invalid")
    return str(network.network_address if network.num_addresses == 1 else network)


def _fault(text: str) -> str:
    try:
        whole = ip_network(text, strict=False)
    except ValueError:
        return f"{text!r} is neither an address nor a network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48."
    return f"{text!r} names an address within a network; write {whole} for all of it, or the address alone."
