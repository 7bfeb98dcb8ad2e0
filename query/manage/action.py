"""An action: a change of the registry, or a look at it, that a root key asks for over HTTP."""

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
    """Which days the change gave another meaning; the next build makes them anew."""

    first_day: Annotated[Date | None, msgspec.Meta(description="Null while the warehouse does not say.")]
    last_day: Date | None
    days: Annotated[int | None, msgspec.Meta(description="How many of them have events.")]


class ActionMeta(Shape, rename="camel", kw_only=True):
    """What follows from a change."""

    rebuild: Annotated[Rebuild | None, msgspec.Meta(description="Null when the numbers stay as they are.")]
    notes: list[str]


@dataclass(frozen=True)
class Asker:
    """The root key that asks, and its project: the only one that it manages."""

    client_id: str
    project_id: str


@dataclass(frozen=True)
class Action:
    """`act` is given the registry as the key acts in it, the key, what stands in the address and what was written.

    `takes` are the fields of the JSON body, or of the query string of a look.
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
        """The parameter that stands in the address, if one does."""
        found = re.search(IN_BRACES, self.path)
        return found[1] if found else None

    @cached_property
    def answer_type(self) -> type[msgspec.Struct]:
        """The type of the whole answer: `{data, meta}`."""
        return msgspec.defstruct(
            f"{self.name.title().replace('_', '')}Answer", [("data", self.answer), ("meta", ActionMeta)], bases=(Shape,)
        )


def instant(moment: Any) -> DateTime:
    """A time of the registry, which is UTC without saying so."""
    return f"{moment.isoformat(timespec='seconds')}Z"
