"""ClickHouse SQL cut into tokens, just far enough to find where a statement or a clause ends."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""
    (?P<space>\s+ | --[^\n]* | \#[ !][^\n]* | /\*.*?\*/)
  | (?P<text>'(?:[^'\\]|\\.|'')*' | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
  | (?P<name>`(?:[^`\\]|\\.|``)*` | "(?:[^"\\]|\\.|"")*")
  | (?P<word>[A-Za-z_]\w*)
  | (?P<number>[0-9][\w.]*)
  | (?P<open>['"`] | /\*)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind (text, name, word, number, open, sign), its bytes, its start and its end.

    A token of the kind `open` is a quote or comment that never ends.
    """

    kind: str
    value: bytes
    start: int
    end: int

    @property
    def keyword(self) -> bytes:
        """Return the word in upper case; empty for every other kind of token."""
        return self.value.upper() if self.kind == "word" else b""


def tokens(sql: bytes, start: int = 0) -> Iterator[Token]:
    """Yield the tokens of `sql` from `start` on, without space and comments."""
    for match in _TOKEN.finditer(sql, start):
        kind = match.lastgroup if match.lastgroup != "tag" else "text"
        if kind != "space":
            yield Token(kind or "sign", match.group(), match.start(), match.end())


def split_statements(sql: bytes) -> list[bytes]:
    """Return the statements of a script, without their semicolons; those that hold only comments are left out.

    Raises `ValueError` for a quote or comment that is not closed.
    """
    statements: list[bytes] = []
    first: int | None = None
    end = 0
    for token in tokens(sql):
        if token.kind == "open":
            raise ValueError(f"a {token.value.decode()} that is opened at byte {token.start} is never closed")
        if token.value == b";" and token.kind == "sign":
            if first is not None:
                statements.append(sql[first:end])
            first = None
            continue
        first = token.start if first is None else first
        end = token.end
    if first is not None:
        statements.append(sql[first:end])
    return statements
