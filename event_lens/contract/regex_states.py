"""The memory that an engine needs for the states of a regular expression that it searches for anywhere in a text.

RE2 reads a text in one pass as long as it can keep the states that it meets. If a pattern has to remember at which of
many characters it began, it has more states than RE2 can keep, and then each character costs a thousand times as much.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

from event_lens.contract.regex_syntax import Character, Choice, Edge, EdgeName, Node, Repeat, Row

Runs = Callable[[str], Iterable[tuple[int, int]]]
"""For the pattern of one character: where the characters that it matches lie in a list of all, as ranges."""

State = tuple[int, ...]
"""The places that the next character may have, as bits, for a line's end, a character of a word, and all others."""

# What RE2 keeps of a state: itself, a pointer for each kind of character, a number for each place.
_STATE_BYTES, _KIND_BYTES, _PLACE_BYTES = 40, 8, 4

_NEXT = ("line end", "word", "other")
_LAST = (*_NEXT, "start")
_LINE_END, _WORD = r"\n", "[0-9A-Za-z_]"


class Kind(NamedTuple):
    """A kind of characters: the places of the pattern that such a character fits, as bits, and the kind's name in
    `_NEXT`.
    """

    places: int
    name: str


class _Part(NamedTuple):
    """Places of characters, as bits: where a part may begin and where it may end; whether it may be left out."""

    first: int = 0
    last: int = 0
    is_optional: bool = False

    def or_else(self, other: "_Part") -> "_Part":
        return _Part(self.first | other.first, self.last | other.last, self.is_optional or other.is_optional)


_NOWHERE = _Part()
_EMPTY = _Part(is_optional=True)


class _Gap(NamedTuple):
    """The kinds of the characters before and after a gap; `start` is that before the first."""

    last: str
    next: str

    def fits(self, edge: EdgeName) -> bool:
        is_word_edge = (self.last == "word") != (self.next == "word")
        return {
            "text start": self.last == "start",
            "text end": False,
            "line start": self.last in ("start", "line end"),
            "line end": self.next == "line end",
            "word edge": is_word_edge,
            "no word edge": not is_word_edge,
        }[edge]


@dataclass
class _Places:
    """The places of a pattern's characters as they follow one another over one kind of gap, with each repeated part
    written out.
    """

    gap: _Gap
    follow: list[int] = field(default_factory=list)
    patterns: dict[str, int] = field(default_factory=dict)
    edges: set[EdgeName] = field(default_factory=set)

    def add(self, node: Node) -> _Part:
        match node:
            case Character(pattern):
                return self._add_character(pattern)
            case Edge(name):
                self.edges.add(name)
                return _EMPTY if self.gap.fits(name) else _NOWHERE
            case Row(parts):
                whole = _EMPTY
                for part in parts:
                    whole = self._then(whole, self.add(part))
                return whole
            case Choice(branches):
                whole = _NOWHERE
                for branch in branches:
                    whole = whole.or_else(self.add(branch))
                return whole
            case Repeat():
                return self._add_repeat(node)

    def _add_character(self, pattern: str) -> _Part:
        place = 1 << len(self.follow)
        self.follow.append(0)
        self.patterns[pattern] = self.patterns.get(pattern, 0) | place
        return _Part(place, place)

    def _add_repeat(self, node: Repeat) -> _Part:
        """Write a repeated part out, as RE2 does: each optional repetition is inside of the optional repetition before
        it.
        """
        whole = _EMPTY
        if node.most is None:
            whole = self.add(node.part)
            self._lead(whole.last, whole.first)
            whole = whole.or_else(_NOWHERE if node.least else _EMPTY)
        else:
            for part in repeat(node.part, node.most - node.least):
                whole = self._then(self.add(part), whole).or_else(_EMPTY)
        for part in repeat(node.part, node.least - (node.most is None)):
            whole = self._then(self.add(part), whole)
        return whole

    def _then(self, part: _Part, following: _Part) -> _Part:
        self._lead(part.last, following.first)
        return _Part(
            part.first | (following.first if part.is_optional else 0),
            following.last | (part.last if following.is_optional else 0),
            part.is_optional and following.is_optional,
        )

    def _lead(self, ends: int, beginnings: int) -> None:
        for place in _bits(ends):
            self.follow[place] |= beginnings


class Search:
    """A search for a pattern: its states, and the states that can follow each state."""

    def __init__(self, pattern: Node) -> None:
        places = _Places(_Gap("other", "other"))
        places.add(pattern)
        self.patterns = places.patterns
        self.has_lines_or_words = not places.edges <= {"text start", "text end"}
        self._next = _NEXT if self.has_lines_or_words else ("other",)
        self._known: dict[tuple[int, str], State] = {}
        self._over: dict[_Gap, tuple[int, list[int]]] = {}
        for gap in (_Gap(last, next) for last in _LAST for next in self._next):
            places = _Places(gap)
            self._over[gap] = places.add(pattern).first, places.follow

    @property
    def place_count(self) -> int:
        return sum(places.bit_count() for places in self.patterns.values())

    @property
    def start(self) -> State:
        return self._following(0, "start")

    def after(self, state: State, kind: Kind) -> State:
        """Return the state that follows when a character of that kind is read."""
        return self._following(state[self._next.index(kind.name)] & kind.places, kind.name)

    def _following(self, met: int, last: str) -> State:
        if (known := self._known.get((met, last))) is None:
            known = tuple(_after(met, *self._over[_Gap(last, next)]) for next in self._next)
            self._known[met, last] = known
        return known


def weigh_states(search: Search, runs: Runs, most: int) -> int:
    """Return the bytes of all states that an engine can meet. Counting ends when `most` is reached."""
    kinds = _kinds(search, runs)
    known, waiting, weight = {search.start}, [search.start], 0
    while waiting and weight <= most:
        state = waiting.pop()
        weight += _STATE_BYTES + _KIND_BYTES * len(kinds) + _PLACE_BYTES * max(map(int.bit_count, state))
        following = {search.after(state, kind) for kind in kinds} - known
        known |= following
        waiting += following
    return weight


def _kinds(search: Search, runs: Runs) -> set[Kind]:
    """Return the kinds of characters that a pattern distinguishes."""
    patterns = dict(search.patterns)
    line_end, word = 1 << search.place_count, 2 << search.place_count
    if search.has_lines_or_words:
        patterns[_LINE_END] = patterns.get(_LINE_END, 0) | line_end
        patterns[_WORD] = patterns.get(_WORD, 0) | word
    changes: dict[int, int] = {}
    for pattern, places in patterns.items():
        for edge in (edge for run in runs(pattern) for edge in run):
            changes[edge] = changes.get(edge, 0) ^ places
    fitting, found = 0, {0}
    for edge in sorted(changes):
        fitting ^= changes[edge]
        found.add(fitting)
    return {Kind(each & line_end - 1, _NEXT[0 if each & line_end else 1 if each & word else 2]) for each in found}


def _after(met: int, first: int, follow: list[int]) -> int:
    for place in _bits(met):
        first |= follow[place]
    return first


def _bits(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
