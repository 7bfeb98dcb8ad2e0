"""Decides whether a page of some origin may send, by a client's list of origins. A rule for a host matches the end of
the name, so `*.example.com` never matches `example.com.evil.org`.
"""

from collections.abc import Iterable

from event_lens.registry.origin import EVERY_ORIGIN, Origin, origin_of

DEFAULT_PORTS = {"http": 80, "https": 443}


def is_allowed(origin: str, rules: Iterable[str]) -> bool:
    """Return whether `origin`, as a browser sends it, fits one of `rules`.

    A rule is `example.com`, `*.example.com` (its subdomains), either of them optionally with a required scheme or port,
    or `*`.
    """
    rules = tuple(rules)
    if not origin:
        return False
    if EVERY_ORIGIN in rules:
        return True
    sent = origin_of(origin)
    return sent is not None and bool(sent.scheme) and any(_fits(sent, rule) for rule in rules)


def _fits(sent: Origin, rule: str) -> bool:
    wanted = origin_of(rule)
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
