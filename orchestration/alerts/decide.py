"""Decides which messages to send: one per problem and way when the problem begins, and one at its end on each way that
announced it.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """A current problem. `key` stays the same as long as the problem lasts."""

    key: str
    text: str
    url: str = ""


class Open(msgspec.Struct, frozen=True):
    """A problem that was announced, and the ways on which it was announced."""

    problem: Problem
    told: list[str]


class Message(msgspec.Struct, frozen=True):
    """A message for one way. With `is_over`, the problem has ended."""

    way: str
    problem: Problem
    is_over: bool

    @property
    def subject(self) -> str:
        return f"Event Lens: {'over: ' if self.is_over else ''}{self.problem.text.splitlines()[0]}"

    @property
    def text(self) -> str:
        begin = "Over: " if self.is_over else ""
        return f"{begin}{self.problem.text}" + (f"\n{self.problem.url}" if self.problem.url else "")


def decide_messages(
    known: Mapping[str, Open], problems: Sequence[Problem], unknown: Collection[str], ways: Sequence[str]
) -> list[Message]:
    """Decide which messages to send now on each of `ways`. Problems whose keys are in `unknown` are neither announced
    nor ended, because their state cannot be determined now. A message that could not be sent is sent the next time. A
    problem that ended before it was announced gets no message.
    """
    found = {problem.key for problem in problems}
    begun = [
        Message(way, problem, is_over=False)
        for problem in problems
        for way in ways
        if problem.key not in known or way not in known[problem.key].told
    ]
    over = [
        Message(way, open_.problem, is_over=True)
        for key, open_ in known.items()
        if key not in found and key not in unknown
        for way in open_.told
        if way in ways
    ]
    return begun + over


def after(
    known: Mapping[str, Open], problems: Sequence[Problem], unknown: Collection[str], said: Sequence[Message]
) -> dict[str, Open]:
    """Return by key the problems that are open once the messages `said` were sent."""
    found = {problem.key: problem for problem in problems}
    kept: dict[str, Open] = {}
    for key in found.keys() | known.keys():
        told = list(known[key].told) if key in known else []
        begun = [each.way for each in said if each.problem.key == key and not each.is_over]
        over = {each.way for each in said if each.problem.key == key and each.is_over}
        if key in found:
            kept[key] = Open(found[key], [*told, *begun])
        elif key in unknown or set(told) - over:
            # Its end could not be sent on some way, or its state is unknown.
            kept[key] = Open(known[key].problem, [way for way in told if way not in over])
    return kept
