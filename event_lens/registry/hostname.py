"""Hostnames in a project's settings, in canonical form; anything else is refused."""

import re

from event_lens.contract.host import ascii_host
from event_lens.errors import Refused

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
LONGEST = 253


def hostname(text: str) -> str:
    """Return `text` in lower case and punycode, without a final dot. Raises `Refused` (`project_setting_invalid`)."""
    try:
        name = ascii_host(text.strip()).removesuffix(".")
    except ValueError:
        raise _refused(text) from None
    if len(name) > LONGEST or not _HOSTNAME.fullmatch(name):
        raise _refused(text)
    return name


def hostname_rule(text: str) -> str:
    """Return a hostname, or `*.example.com` for all below it. Raises `Refused` (`project_setting_invalid`)."""
    above = text.strip().removeprefix("*.")
    return f"*.{hostname(above)}" if above != text.strip() else hostname(text)


def _refused(text: str) -> Refused:
    return Refused(
        f"{text!r} is not a hostname: write it without scheme, port and path, such as example.com "
        "(in the hostnames that count also *.example.com).",
        code="project_setting_invalid",
    )
