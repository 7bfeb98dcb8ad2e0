"""The usual track: it has only the documented keys, with values of the documented types, so it can be read in one
step.
"""

from typing import Annotated, Any

import msgspec

from event_lens.contract.limits import MAX_ID_LENGTH, MAX_NAME_LENGTH

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
Id = Annotated[str, msgspec.Meta(max_length=MAX_ID_LENGTH)]


class UsualPayload(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True, gc=False):
    name: Name
    properties: dict[str, Any] | None = None
    profile_id: Id | None = None
    device_id: Id | None = None
    session_id: Id | None = None
    message_id: str | None = None
    timestamp: str | int | float | None = None

    def as_sent(self) -> dict[str, Any]:
        """Return the payload as JSON gives it, without its nulls."""
        sent: dict[str, Any] = msgspec.to_builtins(self)
        return sent


class UsualTrack(msgspec.Struct, tag_field="type", tag="track", gc=False):
    """A track that carries no credentials of its own."""

    payload: UsualPayload
