"""What was refused, kept with its reason, and without what must not be kept."""

from hashlib import blake2b
from typing import Any

from collector.enrich import Source
from event_lens.contract.body import Envelope, encoded
from event_lens.contract.rejection import Rejection
from event_lens.contract.row import QuarantineRow, timestamp

SECRET_KEYS = frozenset({"clientSecret", "clientId", "__ip"})
DEEPEST_KEPT = 64
CUT = "..."


def quarantined(
    error: Rejection, source: Source, *, body: bytes = b"", envelope: Envelope | None = None
) -> QuarantineRow:
    """The row of an event, or of a whole `body`, that was refused after authentication.

    Of an `envelope` its JSON is kept, without secret and address; of what could not be read only length and hash.
    """
    request = source.request
    kept = b""
    if envelope is not None:
        whole = {"type": envelope.type, "payload": envelope.payload}
        body = encoded(whole)
        kept = encoded(_scrubbed(whole, DEEPEST_KEPT))
    elif error.raw:
        body = error.raw
    return QuarantineRow(
        project_id=request.project.project_id,
        received_at=timestamp(request.received_at_ms),
        code=error.code,
        message=error.message,
        device_id=source.own_device().device_id,
        user_agent=source.user_agent,
        body=kept.decode(),
        body_length=len(body),
        body_hash=blake2b(body, digest_size=16).hexdigest(),
        sdk_name=source.sdk_name,
        sdk_version=source.sdk_version,
        import_id=request.import_id,
    )


def _scrubbed(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        if not levels:
            return CUT
        return {key: _scrubbed(below, levels - 1) for key, below in value.items() if key not in SECRET_KEYS}
    if isinstance(value, list):
        return [_scrubbed(below, levels - 1) for below in value] if levels else CUT
    return value
