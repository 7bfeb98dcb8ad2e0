"""Values of a project's settings: each function returns a value in canonical form, or refuses it with the remedy."""

import re
from collections.abc import Callable
from zoneinfo import available_timezones

from event_lens.errors import Refused
from event_lens.registry.excluded_ips import own_address

MAX_PARAMETER = 255
MAX_DAYS = 36_500
EVERY_PARAMETER = "*"


def free_text(text: str) -> str:
    """Take any text but an empty one."""
    if not text.strip():
        raise refused("The name is empty.")
    return text.strip()


def time_zone(text: str) -> str:
    """Take the name of a time zone that the zone database knows."""
    if text not in available_timezones():
        raise refused(f"{text!r} is not a time zone; use a name such as Europe/Berlin.")
    return text


def currency_code(text: str) -> str:
    """Take a three-letter code, or nothing."""
    if not re.fullmatch(r"([A-Z]{3})?", text):
        raise refused("currency is a three-letter code such as EUR, or empty.")
    return text


def within(name: str, lowest: int, highest: int) -> Callable[[int], int]:
    """Return a check that takes whole numbers from `lowest` to `highest`."""

    def check(number: int) -> int:
        if not lowest <= number <= highest:
            raise refused(f"{name} is {lowest} to {highest}.")
        return number

    return check


def days_kept(name: str, lowest: int) -> Callable[[int], int]:
    """Return a check that takes 0 and whole numbers from `lowest` on."""

    def check(number: int) -> int:
        if number and not lowest <= number <= MAX_DAYS:
            raise refused(f"{name} is 0, or {lowest} to {MAX_DAYS}.")
        return number

    return check


def one_of(name: str, *words: str) -> Callable[[str], str]:
    """Return a check that takes one of these words."""

    def check(text: str) -> str:
        if text not in words:
            raise refused(f"{name} is {' or '.join(words)}.")
        return text

    return check


def parameter_name(text: str) -> str:
    """Take the name of a query parameter, or `*` for all."""
    if not 0 < len(text) <= MAX_PARAMETER or re.search(r"[\s&=#;?]", text):
        raise refused(f"{text!r} is not the name of a query parameter.")
    return text


def all_or_some(names: list[str]) -> list[str]:
    """Take `*` alone, or names of query parameters."""
    if EVERY_PARAMETER in names and len(names) > 1:
        raise refused(
            "query_allow_list is * for every parameter or names those that are kept, not both; "
            "replace it with `eventlens project change`."
        )
    return names


def bot_reason(text: str) -> str:
    """Take any text but an empty one."""
    if not text:
        raise refused("A bot reason is empty.")
    return text


def bot_rule(text: str) -> str:
    """Take `agent:`, `path:` or `sign:` with a text, `*` at either end; or `address:` and a network."""
    kind, _, value = text.strip().partition(":")
    if kind == "address":
        return f"{kind}:{own_address(value)}"
    if kind not in ("agent", "path", "sign") or not value.strip("*") or "*" in value.strip("*"):
        raise refused(
            f"{text!r} is not a rule for bots: write agent:*Name*, path:/wp-* or sign:headless, * at the ends only, or "
            "address:203.0.113.0/24."
        )
    return f"{kind}:{value}"


def refused(message: str) -> Refused:
    """Make the refusal of a setting."""
    return Refused(message, code="project_setting_invalid")
