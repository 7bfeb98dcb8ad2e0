"""Columns as SQL lists them, `a UInt8, b Array(String)`, and nothing else that a list of columns can hold.

The engine would also take defaults and aliases there: expressions, which it would run for whoever sends them.
"""

from collections.abc import Iterator, Sequence

from event_lens.warehouse.embedded.failure import BAD_ARGUMENTS, StatementError, failure
from event_lens.warehouse.lexer import Token, tokens

_IN_TYPES = b"(),=.-"


def read_columns(structure: str) -> list[str]:
    """The columns of `structure`, each its name and its type. Raises `StatementError` for any other text."""
    columns = [_column(found, structure) for found in _listed(structure)]
    if not columns:
        raise _unreadable(structure)
    return columns


def read_types(types: str) -> list[str]:
    """The columns of a list of types: `UInt8, String` is `_1 UInt8` and `_2 String`."""
    return read_columns(", ".join(f"_{number} {_joined(found)}" for number, found in enumerate(_listed(types), 1)))


def _listed(text: str) -> Iterator[list[Token]]:
    """The tokens of each entry, between the commas outside of brackets."""
    entry: list[Token] = []
    depth = 0
    for token in tokens(text.encode(errors="replace")):
        depth += (token.value == b"(") - (token.value == b")")
        if token.value == b"," and depth == 0:
            yield entry
            entry = []
        else:
            entry.append(token)
    if entry:
        yield entry


def _column(found: Sequence[Token], structure: str) -> str:
    name, type_ = found[:1], found[1:]
    if not name or name[0].kind not in ("word", "name") or not _is_type(type_):
        raise _unreadable(structure)
    return _joined(found)


def _is_type(found: Sequence[Token]) -> bool:
    """Whether these are one word, and at most one pair of brackets after it with plain tokens inside."""
    if not found or found[0].kind != "word":
        return False
    depth = 0
    for at, token in enumerate(found[1:], 2):
        depth += (token.value == b"(") - (token.value == b")")
        is_inside = depth > 0 or at == len(found)
        if not is_inside or depth < 0 or not _is_plain(token):
            return False
    return depth == 0 and (len(found) == 1 or found[-1].value == b")")


def _is_plain(token: Token) -> bool:
    if token.kind == "sign":
        return token.value in _IN_TYPES
    return token.kind in ("word", "name", "number") or (token.kind == "text" and token.value.startswith(b"'"))


def _joined(found: Sequence[Token]) -> str:
    """The tokens without comments, apart only where they would run together."""
    text = b""
    before = ""
    for token in found:
        text += (b" " if before not in ("", "sign") and token.kind != "sign" else b"") + token.value
        before = token.kind
    return text.decode()


def _unreadable(structure: str) -> StatementError:
    message = f"{structure!r} is no list of columns such as `a UInt8, b Array(String)`, without defaults and aliases."
    return failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", message)
