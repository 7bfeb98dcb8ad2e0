"""Regular expressions, checked by RE2, which is also the warehouse's engine: a stored pattern must neither break nor
delay a build.
"""

import re
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import NamedTuple

import re2

from event_lens.contract.regex_states import Search, weigh_states
from event_lens.contract.regex_syntax import UnreadPattern, read_pattern
from event_lens.errors import Refused


class Cost(NamedTuple):
    """The cost of a pattern in an engine: the number of instructions of its program, and the bytes of its states.
    `fault` says why the pattern is refused.
    """

    program: int = 0
    states_bytes: int = 0
    fault: str = ""


MAX_PROGRAM = 2_500  # RE2's instructions of one pattern
MAX_STATES_BYTES = 2_000_000  # of the 2.8 MB that RE2 has for the states of a pattern
MAX_IN_ALL = Cost(10_000, 10_000_000)  # all patterns of one list of filters
# Steps between the bytes of a character need states, too: about as many as there are instructions for a character.
MIN_INSTRUCTIONS_A_PLACE = 4

_options = re2.Options()
_options.log_errors = False

# Characters of all scripts: all below the Arabic ones, and every 13th of those beyond.
_COMMON = "".join(map(chr, [*range(0x600), *range(0x600, 0xD800, 13), *range(0xE000, 0x30000, 13)])).encode()


def check_patterns(patterns: Iterable[str]) -> None:
    """Raise `Refused` (`filters_invalid`) for a pattern that RE2 does not take or would take too long for, and for
    patterns that are too slow together.
    """
    program = states_bytes = 0
    for pattern in patterns:
        cost = _cost(pattern)
        if cost.fault:
            raise Refused(f"{pattern[:80]!r} {cost.fault}", code="filters_invalid")
        program, states_bytes = program + cost.program, states_bytes + cost.states_bytes
        if program > MAX_IN_ALL.program or states_bytes > MAX_IN_ALL.states_bytes:
            raise Refused(
                "The patterns of these filters would take too long together. Give fewer or shorter ones, or use "
                "startsWith, endsWith and contains.",
                code="filters_invalid",
            )


@lru_cache(1024)
def _cost(pattern: str) -> Cost:
    try:
        program = re2.compile(pattern, _options).programsize
    except re2.error as error:
        return Cost(fault=f"is not a regular expression (RE2): {_told(error)}.")
    if program > MAX_PROGRAM:
        fault = f"would take too long: written out it has {program:,} instructions, and {MAX_PROGRAM:,} are allowed."
        return Cost(fault=f"{fault} Use smaller counts, or + in place of a count.")
    try:
        weight = _weigh(pattern, program)
    except (UnreadPattern, re2.error):  # a pattern that is read wrongly has characters that RE2 does not take
        return Cost(fault="is written in a way whose cost cannot be told. Write it in a simpler way.")
    if weight > MAX_STATES_BYTES:
        fault = "would take too long: it counts on from each of many places at which it can begin."
        return Cost(fault=f"{fault} Begin it with ^, or use *, + or smaller counts.")
    return Cost(program, int(weight))


def _weigh(pattern: str, program: int) -> float:
    """Return the bytes of a pattern's states."""
    search = Search(read_pattern(pattern))
    factor = max(MIN_INSTRUCTIONS_A_PLACE, program / max(1, search.place_count))
    return factor * weigh_states(search, partial(_runs, _own_characters(pattern)), int(MAX_STATES_BYTES / factor))


def _own_characters(pattern: str) -> bytes:
    """Return the characters beyond ASCII that a pattern names, and those next to them."""
    named = {ord(each) for each in pattern} | {int(code, 16) for code in re.findall(r"\\x\{([0-9A-Fa-f]+)\}", pattern)}
    near = {code + step for code in named if code > 0x7F for step in (-1, 0, 1)}
    return "".join(chr(code) for code in sorted(near) if code < 0x110000 and not 0xD800 <= code < 0xE000).encode()


def _runs(own: bytes, character: str) -> list[tuple[int, int]]:
    """Return where the characters that `character` matches lie in the common ones, and in `own` after them."""
    beyond = [(len(_COMMON) + start, len(_COMMON) + end) for start, end in _runs_in(own, character)]
    return [*_runs_in(_COMMON, character), *beyond]


@lru_cache(4096)
def _runs_in(text: bytes, character: str) -> list[tuple[int, int]]:
    return [found.span() for found in re2.compile(f"{character}+".encode(), _options).finditer(text)]


def _told(error: Exception) -> str:
    """Return RE2's message, which RE2 gives as bytes, as text."""
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
