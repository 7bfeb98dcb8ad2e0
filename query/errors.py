"""The refusals of the query layer, with their codes."""

from collections.abc import Iterable

from event_lens.errors import Refused

UNAUTHORIZED = "client_unauthorized"
FORBIDDEN = "project_forbidden"


def unknown(noun: str, message: str) -> Refused:
    """Return a refusal for an id that does not exist or belongs to another project, without saying which."""
    return Refused(message, code=f"{noun}_unknown")


def invalid(what: str, message: str) -> Refused:
    """Return a refusal (`<what>_invalid`) for a parameter `what` whose value is invalid."""
    return Refused(message, code=f"{what}_invalid")


def choose(what: str, word: str, known: Iterable[str]) -> str:
    """Return `word` if it is one of `known`. Raises `Refused` (`<what>_invalid`) that lists them."""
    words = tuple(known)
    if word not in words:
        raise invalid(what, f"{what} is one of {', '.join(words)}, not {word[:80]!r}.")
    return word
