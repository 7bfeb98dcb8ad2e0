"""The settings of a project that are lists: what each may hold, in which spelling."""

import re
from collections.abc import Callable, Iterable

from event_lens.errors import Refused
from event_lens.registry.excluded_ips import own_address
from event_lens.registry.hostname import hostname, hostname_rule

MAX_LIST = 1_000
MAX_PARAMETER = 255
EVERY_PARAMETER = "*"


def normal_list(name: str, values: Iterable[object]) -> list[str]:
    """Each value once, in its usual spelling and in their order. Raises `Refused` (`project_setting_invalid`)."""
    normal = list(dict.fromkeys(LISTS[name](str(value)) for value in values))
    if len(normal) > MAX_LIST:
        raise Refused(f"{name} holds up to {MAX_LIST} values.", code="project_setting_invalid")
    if name == "query_allow_list" and EVERY_PARAMETER in normal and len(normal) > 1:
        raise Refused(
            "query_allow_list is * for every parameter or names those that are kept, not both; "
            "replace it with `eventlens project change`.",
            code="project_setting_invalid",
        )
    return normal


def _parameter(text: str) -> str:
    """The name of a query parameter, or `*` for all."""
    if not 0 < len(text) <= MAX_PARAMETER or re.search(r"[\s&=#;?]", text):
        raise Refused(f"{text!r} is not the name of a query parameter.", code="project_setting_invalid")
    return text


def _bot_reason(text: str) -> str:
    if not text:
        raise Refused("A bot reason is empty.", code="project_setting_invalid")
    return text


def _bot_rule(text: str) -> str:
    """`agent:`, `path:` or `sign:` and what an event must have of it; `*` stands at either end."""
    kind, _, value = text.strip().partition(":")
    if kind not in ("agent", "path", "sign") or not value.strip("*") or "*" in value.strip("*"):
        raise Refused(
            f"{text!r} is not a rule for bots: write agent:*Name*, path:/wp-* or sign:headless, * at the ends only.",
            code="project_setting_invalid",
        )
    return f"{kind}:{value}"


LISTS: dict[str, Callable[[str], str]] = {
    "domains": hostname,
    "allowed_bots": _bot_reason,
    "bot_rules": _bot_rule,
    "own_addresses": own_address,
    "hostnames": hostname_rule,
    "query_allow_list": _parameter,
}
