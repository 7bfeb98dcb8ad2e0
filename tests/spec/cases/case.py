"""A case: what is sent to a project of its own, a question, and the answer written by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.spec.rows import Project


@dataclass(frozen=True)
class Case:
    """`rule` says in a sentence what the rows show; `ask` is SQL over `lens` with `{project:String}`.

    Rows land in random order; `last_lands_last` keeps the last one for the last build, after all others were built.
    """

    rule: str
    send: Callable[[Project], None]
    ask: str
    answer: list[tuple[Any, ...]]
    settings: dict[str, Any] = field(default_factory=dict)
    last_lands_last: bool = False
