"""Finds a question's format in the text of a statement, and the query that a KILL QUERY asks to stop."""

import re
from dataclasses import dataclass

from event_lens.warehouse.sql_lexer import Token, tokens

# The analyst must not control how long this takes: an unclosed quote or comment costs the square of a text's length.
_MAX_KILL = 1000
_PLAIN_TEXT = re.compile(rb"'[^'\\]*'")
_ASKING = frozenset({b"SELECT", b"WITH", b"SHOW", b"DESCRIBE", b"DESC", b"EXISTS", b"EXPLAIN", b"FROM"})


@dataclass(frozen=True)
class Statement:
    """A question: `sql` before its FORMAT clause, the `format` (empty: the request's default), the `tail` after it."""

    sql: bytes
    format: str = ""
    tail: bytes = b""


def read_kill(text: bytes) -> str | None:
    """Return the query id that `text` asks to stop, as drivers and editors write it (`KILL QUERY WHERE query_id =
    '...'`); None for any other statement.

    An id that the engine would read differently than it is written also gives None.
    """
    if len(text) > _MAX_KILL:
        return None
    found = [token for token in tokens(text) if token.value != b";"]
    words = [token.keyword or token.value for token in found]
    asks = words[:5] == [b"KILL", b"QUERY", b"WHERE", b"QUERY_ID", b"="] and words[6:] in ([], [b"SYNC"], [b"ASYNC"])
    if not asks or len(found) < 6 or not _PLAIN_TEXT.fullmatch(found[5].value):
        return None
    return found[5].value[1:-1].decode(errors="replace")


def read_statement(text: bytes) -> Statement | None:
    """Return the question that fills `text` from its first to its last byte; None for a statement that is not only a
    question.
    """
    top = _top_level(text)
    while top and top[-1].value == b";":
        text = text[: top.pop().start]
    if not top or not (_is_group(top[0]) or top[0].keyword in _ASKING):
        return None
    if any(token.keyword == b"INSERT" for token in top) and top[0].keyword == b"WITH":
        return None
    for at in range(len(top) - 2, 0, -1):
        token, following = top[at], top[at + 1]
        ends_here = at + 2 == len(top) or top[at + 2].keyword == b"SETTINGS"
        if token.keyword == b"FORMAT" and following.kind in ("word", "name") and ends_here:
            name = following.value.strip(b'`"').decode(errors="replace")
            return Statement(text[: token.start], name, text[following.end :])
    return Statement(text)


def _top_level(text: bytes) -> list[Token]:
    """Return the tokens outside of every bracket; an opening bracket stands for its group."""
    found: list[Token] = []
    depth = 0
    for token in tokens(text):
        if token.kind == "sign" and token.value in b"([{":
            if depth == 0:
                found.append(token)
            depth += 1
        elif token.kind == "sign" and token.value in b")]}":
            depth -= 1
        elif depth == 0:
            found.append(token)
    return found


def _is_group(token: Token) -> bool:
    return token.kind == "sign" and token.value == b"("
