"""What a request asks the engine to do, found from the statement's first words and its FORMAT clause."""

import re
from dataclasses import dataclass
from enum import Enum

from event_lens.warehouse.sql_lexer import Token, tokens

# Whoever asks has no say in how long this takes: an unclosed quote or comment costs the square of a text's length.
_LONGEST_KILL = 1000
_PLAIN_TEXT = re.compile(rb"'[^'\\]*'")
_ASKING = frozenset({b"SELECT", b"WITH", b"SHOW", b"DESCRIBE", b"DESC", b"EXISTS", b"EXPLAIN", b"FROM"})


class Kind(Enum):
    """How the engine runs a statement."""

    ASK = "ask"
    LAND = "land"
    DO = "do"


@dataclass(frozen=True)
class Statement:
    """A statement ready for the engine.

    `ASK`: rows come out, in `format` (empty: the request's default); `sql` is everything before the FORMAT clause and
    `tail` what followed it. `LAND`: an INSERT whose rows follow the statement; `sql` ends before FORMAT, and the data
    begin at `data_start` of the text that was read. `DO`: all the rest, run as it is.
    """

    kind: Kind
    sql: bytes
    format: str = ""
    tail: bytes = b""
    data_start: int = 0


def _is_group(token: Token) -> bool:
    return token.kind == "sign" and token.value == b"("


def read_landing(text: bytes) -> Statement | None:
    """The INSERT with data after it that `text` begins with; None for anything else, INSERT ... SELECT included."""
    found = list(_top_level(text, stop_after_format=True))
    if not found or found[0].keyword != b"INSERT":
        return None
    for token, following in zip(found, [*found[1:], None], strict=True):
        if token.keyword in (b"SELECT", b"WITH", b"WATCH", b"INFILE"):
            return None
        if token.keyword == b"VALUES":
            return Statement(Kind.LAND, text[: token.start], "Values", data_start=token.end)
        if token.keyword == b"FORMAT" and following is not None and following.kind == "word":
            start = _after_line_end(text, following.end)
            return Statement(Kind.LAND, text[: token.start], following.value.decode(), data_start=start)
    return None


def read_kill(text: bytes) -> str | None:
    """The query id that `text` asks to stop, as drivers and editors write it: `KILL QUERY WHERE query_id = '...'`.

    None also for an id that the engine would read otherwise than it stands there.
    """
    if len(text) > _LONGEST_KILL:
        return None
    found = [token for token in tokens(text) if token.value != b";"]
    words = [token.keyword or token.value for token in found]
    asks = words[:5] == [b"KILL", b"QUERY", b"WHERE", b"QUERY_ID", b"="] and words[6:] in ([], [b"SYNC"], [b"ASYNC"])
    if not asks or len(found) < 6 or not _PLAIN_TEXT.fullmatch(found[5].value):
        return None
    return found[5].value[1:-1].decode(errors="replace")


def read_statement(text: bytes) -> Statement:
    """The statement `text` holds from its first to its last byte, when `read_landing` found none."""
    top = list(_top_level(text))
    while top and top[-1].value == b";":
        text = text[: top.pop().start]
    if not top or not (_is_group(top[0]) or top[0].keyword in _ASKING):
        return Statement(Kind.DO, text)
    if any(token.keyword == b"INSERT" for token in top) and top[0].keyword == b"WITH":
        return Statement(Kind.DO, text)
    for at in range(len(top) - 2, 0, -1):
        token, following = top[at], top[at + 1]
        ends_here = at + 2 == len(top) or top[at + 2].keyword == b"SETTINGS"
        if token.keyword == b"FORMAT" and following.kind in ("word", "name") and ends_here:
            name = following.value.strip(b'`"').decode(errors="replace")
            return Statement(Kind.ASK, text[: token.start], name, text[following.end :])
    return Statement(Kind.ASK, text)


def _top_level(text: bytes, *, stop_after_format: bool = False) -> list[Token]:
    """The tokens outside of every bracket; an opening bracket stands for its group."""
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
            if stop_after_format and (
                token.keyword in (b"SELECT", b"VALUES") or (len(found) > 1 and found[-2].keyword == b"FORMAT")
            ):
                break
    return found


def _after_line_end(text: bytes, at: int) -> int:
    """Where data begin after a FORMAT name: past blanks and at most one line end, as the engine reads it."""
    while text[at : at + 1] in (b" ", b"\t", b"\f"):
        at += 1
    if text[at : at + 1] == b"\r":
        at += 1
    return at + 1 if text[at : at + 1] == b"\n" else at
