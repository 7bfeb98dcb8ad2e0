"""An action: a change to the registry, or a read of it, that a root key asks for over HTTP."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import msgspec

from event_lens.registry.database import Registry
from query.parameters import NoParameters
from query.report import IN_BRACES
from query.shapes import Date, DateTime, Shape

Method = Literal["GET", "POST", "PATCH", "DELETE"]
CREATED = 201


class Rebuild(Shape, kw_only=True):
    """The days whose numbers the change alters; the next build recomputes them."""

    first_day: Annotated[
        Date | None, msgspec.Meta(description="The first of these days; null while the warehouse is away.")
    ]
    last_day: Date | None
    days: Annotated[int | None, msgspec.Meta(description="How many of these days have events.")]


class ActionMeta(Shape, rename="camel", kw_only=True):
    """The consequences of a change."""

    rebuild: Annotated[Rebuild | None, msgspec.Meta(description="Null when the change alters no numbers.")]
    notes: list[str]


@dataclass(frozen=True)
class Asker:
    """The root key that asks, and the key's project, which is the only project that it manages."""

    client_id: str
    project_id: str


@dataclass(frozen=True)
class Action:
    """`act` is called with the registry (which notes the key as the author), the key, the parameter in the address, and
    the values of `takes`.

    `takes` are the fields of the JSON body, or, for an action that only reads, of the query string.
    """

    name: str
    method: Method
    path: str
    summary: str
    act: Callable[[Registry, Asker, str, Any], Any]
    answer: Any
    takes: type[msgspec.Struct] = NoParameters
    status: int = 200

    @property
    def is_change(self) -> bool:
        return self.method != "GET"

    @property
    def has_body(self) -> bool:
        return self.is_change and self.takes is not NoParameters

    @property
    def in_address(self) -> str | None:
        """Return the name of the parameter in the address, or None."""
        found = re.search(IN_BRACES, self.path)
        return found[1] if found else None

    @cached_property
    def answer_type(self) -> type[msgspec.Struct]:
        """Return the type of the whole answer: `{data, meta}`."""
        return msgspec.defstruct(
            f"{self.name.title().replace('_', '')}Answer", [("data", self.answer), ("meta", ActionMeta)], bases=(Shape,)
        )


def instant(moment: Any) -> DateTime:
    """Return a time of the registry, which is stored in UTC without a zone, as ISO 8601 in UTC."""
    return f"{moment.isoformat(timespec='seconds')}Z"
