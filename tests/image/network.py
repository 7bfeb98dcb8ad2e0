"""A network of the containers' own: a bridge with the gateway's address, and a network namespace for each of them."""

import re
import subprocess
from ipaddress import IPv4Network
from pathlib import Path

PREFIX = "lens-image-"
LINK = "lensimage"
BRIDGE = f"{LINK}0"


def _ip(*arguments: str, is_checked: bool = True) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if is_checked and done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr}")
    return done.stdout


class Network:
    """Addresses by name, known to all before the first one starts, as a file of hosts."""

    def __init__(self, subnet: str, hosts: Path) -> None:
        self._subnet, self.hosts = IPv4Network(subnet), hosts
        self.gateway = str(self._subnet[1])
        self.names: list[tuple[str, str]] = []
        self._free = (str(self._subnet[number]) for number in range(20, 250))
        self._links = 0
        self.remove()
        _ip("link", "add", BRIDGE, "type", "bridge")
        _ip("address", "add", f"{self.gateway}/{self._subnet.prefixlen}", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")

    def name(self, name: str, address: str) -> None:
        """Let all containers know an address by a name, which may have several."""
        self.names.append((address, name))
        lines = ["127.0.0.1 localhost", "::1 localhost", *(f"{address} {name}" for address, name in self.names)]
        self.hosts.write_text("\n".join(lines) + "\n")

    def add(self, namespace: str, address: str | None = None) -> tuple[str, str]:
        """A new member of the network: the name of its namespace, and its address."""
        own, mine = f"{PREFIX}{namespace}", address or next(self._free)
        self._links += 1
        link = f"{LINK}{self._links}"
        _ip("netns", "add", own)
        _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", own)
        _ip("link", "set", link, "master", BRIDGE, "up")
        _ip("-n", own, "address", "add", f"{mine}/{self._subnet.prefixlen}", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", own, "link", "set", device, "up")
        return own, mine

    def remove(self) -> None:
        """Remove it, and what a run that was killed left of it."""
        for line in _ip("netns", "list").splitlines():
            if line.startswith(PREFIX):
                _ip("netns", "delete", line.split()[0])
        # The bridge, and the ends of its links, which otherwise go some time after their namespaces.
        for link in re.findall(rf"^\d+: ({LINK}\d+)", _ip("-oneline", "link"), re.MULTILINE):
            _ip("link", "delete", link, is_checked=False)
