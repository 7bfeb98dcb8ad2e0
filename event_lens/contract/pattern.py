"""Regular expressions that RE2, the warehouse's engine, takes for sure: a stored one must not break a build."""

import math
import re
import warnings

from event_lens.errors import Refused

MOST_REPEATS = 1000  # RE2's limit, over repeats within each other

# What Python takes and RE2 does not: groups that look around, refer back or set other flags than i, m and s; escapes
# of its own.
_FOREIGN = re.compile(
    r"""
    (?<!\\)(?:\\\\)* (?:
        \(\? (?! : | P<[A-Za-z_]\w*> | [ims]+ [:)] )
      | \\ [^AbBdDsSwWafnrtv.^$*+?()\[\]{}|/\\\-_\ :;,=!@#%&~"'<>`]
    )
    """,
    re.VERBOSE,
)
_ESCAPE_OR_CLASS = re.compile(r"\\. | \[ \^? \]? (?: \\. | [^\]\\] )* \]", re.VERBOSE | re.DOTALL)
_POSSESSIVE = re.compile(r"(?: [*+?] | \{\d*,?\d*\} ) \+", re.VERBOSE)
_REPEATS = re.compile(r"\{(\d*),?(\d*)\}")


def check_pattern(pattern: str) -> None:
    """Raises `Refused` (`filters_invalid`) for a pattern that RE2 may not take."""
    try:
        with warnings.catch_warnings():
            # `[[:alpha:]]` is a class in RE2, and what Python may make of it one day is of no matter.
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise _refused(pattern, str(error)) from error
    if foreign := _FOREIGN.search(pattern) or _POSSESSIVE.search(_ESCAPE_OR_CLASS.sub("x", pattern)):
        raise _refused(pattern, f"{foreign.group()!r} is not part of RE2")
    repeats = math.prod(max(1, *(int(number or 0) for number in found)) for found in _REPEATS.findall(pattern))
    if repeats > MOST_REPEATS:
        raise _refused(pattern, f"it repeats more than {MOST_REPEATS} times")


def _refused(pattern: str, reason: str) -> Refused:
    return Refused(f"{pattern[:80]!r} is no regular expression (RE2): {reason}.", code="filters_invalid")
