"""Regular expressions, checked by RE2 itself, the warehouse's engine: a stored one must not break a build."""

import re2

from event_lens.errors import Refused

_options = re2.Options()
_options.log_errors = False


def check_pattern(pattern: str) -> None:
    """Raise `Refused` (`filters_invalid`) for a pattern that RE2 does not take."""
    try:
        re2.compile(pattern, _options)
    except re2.error as error:
        raise Refused(
            f"{pattern[:80]!r} is not a regular expression (RE2): {_told(error)}.", code="filters_invalid"
        ) from None


def _told(error: Exception) -> str:
    """Return RE2's message, which RE2 gives as bytes, as text."""
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
