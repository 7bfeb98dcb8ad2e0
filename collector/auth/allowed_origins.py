"""Whether a page of some origin may send: a client's list of origins, anchored on the right."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from event_lens.contract.host import ascii_host

DEFAULT_PORTS = {"http": 80, "https": 443}


class Parts(NamedTuple):
    """An origin, or a rule for one; what a rule does not say is empty."""

    scheme: str
    host: str
    port: int | None


def is_allowed(origin: str, rules: Iterable[str]) -> bool:
    """Whether `origin`, as a browser sends it, fits one of `rules`.

    A rule is `example.com`, `*.example.com` (its subdomains), either with a scheme or port if those must be so, or `*`.
    """
    rules = tuple(rules)
    if not origin:
        return False
    if "*" in rules:
        return True
    sent = _parts(origin)
    return sent is not None and bool(sent.scheme) and any(_fits(sent, rule) for rule in rules)


def _fits(sent: Parts, rule: str) -> bool:
    wanted = _parts(rule)
    if wanted is None or not wanted.host:
        return False
    if wanted.scheme and wanted.scheme != sent.scheme:
        return False
    default = DEFAULT_PORTS.get(sent.scheme)
    if wanted.port is not None or wanted.scheme:
        wanted_port = wanted.port if wanted.port is not None else default
        if wanted_port != (sent.port if sent.port is not None else default):
            return False
    if wanted.host.startswith("*."):
        return sent.host.endswith(wanted.host[1:]) and len(sent.host) >= len(wanted.host)
    return sent.host == wanted.host


def _parts(text: str) -> Parts | None:
    """None for what is no origin: user info, a path, a broken port."""
    text = text.strip().lower()
    try:
        split = urlsplit(text if "://" in text else f"//{text}")
        if split.username is not None or split.path not in ("", "/") or split.query or split.fragment:
            return None
        host = ascii_host(split.hostname or "").removesuffix(".")
        return Parts(split.scheme, host, split.port)
    except ValueError:
        return None
