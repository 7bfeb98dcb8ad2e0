"""The structure of a regular expression of RE2: which characters follow one another, and how often."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

# One token after the other of a pattern that RE2 takes, in its order of precedence.
_TOKEN = re.compile(
    r"""
      \\Q (?P<quoted> .*?) (?: \\E | \Z)
    | (?P<edge> \\[AbBz] | [\^$])
    | \(\? (?P<setting> [a-zA-Z-]*) \)
    | (?P<open> \( (?: \? (?: P?<[^>]+> | (?P<flags> [a-zA-Z-]*) :))?)
    | (?P<close> \))
    | (?P<bar> \|)
    | (?P<count> [*+?] | \{ [0-9]+ (?: ,[0-9]*)? \}) \??
    | (?P<character>
          \[ \^? \]? (?: \[: \^? \w+ :\] | \\. | [^\]])* \]
        | \\[pP] (?: \{[^}]*\} | .)
        | \\x (?: \{[0-9A-Fa-f]+\} | [0-9A-Fa-f]{2})
        | \\[0-7]{1,3}
        | \\? .
      )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Character:
    """One character of a text; `pattern` matches the characters that it can be."""

    pattern: str


EdgeName = Literal["text start", "text end", "line start", "line end", "word edge", "no word edge"]


@dataclass(frozen=True)
class Edge:
    """A gap between two characters that a pattern asks for."""

    name: EdgeName


@dataclass(frozen=True)
class Row:
    """Parts that follow one another."""

    parts: Sequence["Node"]


@dataclass(frozen=True)
class Choice:
    branches: Sequence["Node"]


@dataclass(frozen=True)
class Repeat:
    """A part from `least` to `most` times; None is without limit."""

    part: "Node"
    least: int
    most: int | None


class UnreadPattern(Exception):
    """A pattern that RE2 takes and that cannot be read here."""


Node = Character | Edge | Row | Choice | Repeat


_EDGES: dict[str, EdgeName] = {
    "^": "text start", r"\A": "text start", "$": "text end", r"\z": "text end",
    r"\b": "word edge", r"\B": "no word edge",
}  # fmt: skip
# U tells how much of the text is taken, and whether a pattern is found does not depend on that.
_MEANT = frozenset("ims")


@dataclass
class _Group:
    """A group that is being read: the parts of each branch so far, and the flags that hold in it."""

    flags: frozenset[str]
    branches: list[list[Node]] = field(default_factory=lambda: [[]])

    @property
    def parts(self) -> list[Node]:
        return self.branches[-1]

    def closed(self) -> "Node":
        branches = [parts[0] if len(parts) == 1 else Row(parts) for parts in self.branches]
        return branches[0] if len(branches) == 1 else Choice(branches)


def read_pattern(pattern: str) -> Node:
    """Return the structure of a pattern that RE2 takes. Raises `UnreadPattern`."""
    groups = [_Group(frozenset())]
    for token in _TOKEN.finditer(pattern):
        group = groups[-1]
        match token.lastgroup:
            case "quoted":
                group.parts.extend(_character(re.escape(each), group.flags) for each in token["quoted"])
            case "edge":
                group.parts.append(_edge(token["edge"], group.flags))
            case "setting":
                group.flags = _changed(group.flags, token["setting"])
            case "open":
                groups.append(_Group(_changed(group.flags, token["flags"] or "")))
            case "close":
                if len(groups) == 1:
                    raise UnreadPattern
                groups.pop()
                groups[-1].parts.append(group.closed())
            case "bar":
                group.branches.append([])
            case "count":
                if not group.parts:
                    raise UnreadPattern
                group.parts.append(_repeat(group.parts.pop(), token["count"]))
            case _:
                group.parts.append(_character(token["character"], group.flags))
    if len(groups) > 1:
        raise UnreadPattern
    return groups[0].closed()


def _character(pattern: str, flags: frozenset[str]) -> Character:
    # \C is one byte of a character; any character may have it.
    return Character("(?s:.)" if pattern == r"\C" else f"(?{''.join(sorted(flags - {'m'}))}:{pattern})")


def _edge(token: str, flags: frozenset[str]) -> Edge:
    of_lines: dict[str, EdgeName] = {"^": "line start", "$": "line end"}
    return Edge(of_lines[token] if "m" in flags and token in of_lines else _EDGES[token])


def _repeat(part: Node, count: str) -> Repeat:
    if count in ("*", "+", "?"):
        return Repeat(part, int(count == "+"), 1 if count == "?" else None)
    least, comma, most = count.strip("{}").partition(",")
    return Repeat(part, int(least), int(most) if most else None if comma else int(least))


def _changed(flags: frozenset[str], written: str) -> frozenset[str]:
    """Return the flags as `written` changes them: `i` turns a flag on, `s-m` turns one on and one off."""
    added, _, taken = written.partition("-")
    return (flags | (_MEANT & set(added))) - set(taken)
