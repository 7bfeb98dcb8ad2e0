"""Origins of pages, and a client's rules that allow origins."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from event_lens.contract.host import ascii_host
from event_lens.errors import Refused

EVERY_ORIGIN = "*"
MAX_ORIGINS = 1_000


class Origin(NamedTuple):
    """An origin, or a rule that allows origins; a part that a rule leaves open is empty."""

    scheme: str
    host: str
    port: int | None


def origin_of(text: str) -> Origin | None:
    """Return the origin in `text`; None for anything else, such as user info, a path or a broken port."""
    text = text.strip().lower()
    try:
        split = urlsplit(text if "://" in text else f"//{text}")
        if split.username is not None or split.path not in ("", "/") or split.query or split.fragment:
            return None
        host = ascii_host(split.hostname or "").removesuffix(".")
        return Origin(split.scheme, host, split.port)
    except ValueError:
        return None


def origin_rules(texts: Iterable[str]) -> list[str]:
    """Return each rule once, in canonical form and in the given order. Raises `Refused` (`origin_invalid`)."""
    rules = list(dict.fromkeys(map(_rule, texts)))
    if len(rules) > MAX_ORIGINS:
        raise Refused(f"A client has up to {MAX_ORIGINS} origins.", code="origin_invalid")
    return rules


def _rule(text: str) -> str:
    if text.strip() == EVERY_ORIGIN:
        return EVERY_ORIGIN
    origin = origin_of(text)
    name = origin.host.removeprefix("*.") if origin else ""
    if origin is None or not name or "*" in name or any(letter.isspace() for letter in name):
        raise Refused(
            f"{text!r} is not an origin. Write it without a path, as https://example.com or example.com; "
            "*.example.com stands for every name below, * for every page.",
            code="origin_invalid",
        )
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    port = f":{origin.port}" if origin.port is not None else ""
    return f"{origin.scheme}://{host}{port}" if origin.scheme else f"{host}{port}"
