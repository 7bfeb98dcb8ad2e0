"""The targets that alerts may be sent to: public addresses, and private networks that a setting names."""

import socket
from collections.abc import Collection
from ipaddress import ip_address

from event_lens.errors import Refused, Unavailable
from event_lens.settings import Network


def check_target(host: str, port: int, allowed: Collection[Network]) -> str:
    """Return an address of `host` to which an alert may be sent. Connect to this address and not to the name, whose
    address may change meanwhile.

    Raises `Refused` (`alert_target_private`) when the name belongs to this machine or to a private network that is not
    among `allowed`, and `Unavailable` (`alert_unsent`) when the name has no address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(f"The host {host} of an alert cannot be found ({error}).", code="alert_unsent") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        ip = ip_address(address.partition("%")[0])
        ip = getattr(ip, "ipv4_mapped", None) or ip
        if (not ip.is_global or ip.is_multicast) and not any(ip in network for network in allowed):
            raise Refused(
                f"{host} is {ip}, which is not a public address. If alerts shall go there, name its network in "
                "EVENTLENS_ALERT_NETWORKS.",
                code="alert_target_private",
            )
    return addresses[0]
