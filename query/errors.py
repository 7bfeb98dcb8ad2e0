"""The refusals of the query layer, with their codes."""

from collections.abc import Iterable

from event_lens.errors import Refused

UNAUTHORIZED = "client_unauthorized"
FORBIDDEN = "project_forbidden"


def unknown(noun: str, message: str) -> Refused:
    """Return the refusal for an id that does not exist or belongs to another project. It does not say which of the two
    is true.
    """
    return Refused(message, code=f"{noun}_unknown")


def invalid(what: str, message: str) -> Refused:
    """Return a refusal (`<what>_invalid`) for a parameter `what` whose value is invalid."""
    return Refused(message, code=f"{what}_invalid")


def choose(what: str, word: str, known: Iterable[str]) -> str:
    """Return `word` if it is one of `known`. Otherwise raise `Refused` (`<what>_invalid`) with a message that lists
    `known`.
    """
    words = tuple(known)
    if word not in words:
        raise invalid(what, f"{what} is one of {', '.join(words)}, not {word[:80]!r}.")
    return word
