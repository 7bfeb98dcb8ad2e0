"""What the query layer refuses, with its codes."""

from collections.abc import Iterable

from event_lens.errors import Refused

UNAUTHORIZED = "client_unauthorized"
FORBIDDEN = "project_forbidden"


def unknown(noun: str, message: str) -> Refused:
    """Say that nothing has this id, or that it is another project's: the two are not told apart."""
    return Refused(message, code=f"{noun}_unknown")


def invalid(what: str, message: str) -> Refused:
    """The caller wrote `what` (a parameter) so that it cannot be meant."""
    return Refused(message, code=f"{what}_invalid")


def choose(what: str, word: str, known: Iterable[str]) -> str:
    """`word` if it is one of `known`. Raises `Refused` that lists them."""
    words = tuple(known)
    if word not in words:
        raise invalid(what, f"{what} is one of {', '.join(words)}, not {word[:80]!r}.")
    return word
