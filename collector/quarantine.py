"""Refused events and bodies. They are stored with the reason, but without addresses and secrets."""

from contextlib import suppress
from hashlib import blake2b
from typing import Any

import msgspec

from collector.enrichment.context import RequestContext
from collector.enrichment.exclusions import LeftOut
from collector.enrichment.redaction import is_redacted
from collector.enrichment.row_builder import RowBuilder
from collector.enrichment.url_redaction import mask_secrets
from event_lens.contract.decode import Envelope, encoded
from event_lens.contract.fast_path import UsualTrack
from event_lens.contract.rejection import Rejection
from event_lens.contract.rows import QuarantineRow, timestamp

DEEPEST_KEPT = 64
CUT = "..."


def quarantined(
    error: Rejection, builder: RowBuilder, *, body: bytes = b"", envelope: Envelope | UsualTrack | None = None
) -> QuarantineRow:
    """Return the row of an event, or of a whole `body`, that was refused after authentication.

    JSON is kept, without secrets and addresses. For an unreadable body only its length and hash are kept; a body that
    the project excludes is not kept.
    """
    request = builder.request
    if builder.left_out or isinstance(error, LeftOut):
        return left_out_row(error, request)
    whole: Any = None
    if envelope is not None:
        whole = msgspec.to_builtins(envelope)
        body = encoded(whole)
    else:
        body = error.raw or body
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            whole = msgspec.json.decode(body)
    kept = b"" if whole is None else encoded(_scrubbed(whole, DEEPEST_KEPT))
    return QuarantineRow(
        project_id=request.project.project_id,
        received_at=timestamp(request.received_at_ms),
        code=error.code,
        message=error.message,
        device_id=builder.own_device().device_id,
        user_agent=builder.user_agent,
        body=kept.decode(),
        body_length=len(body),
        body_hash=blake2b(kept or body, digest_size=16).hexdigest(),
        sdk_name=builder.sdk_name,
        sdk_version=builder.sdk_version,
        import_id=request.import_id,
    )


def left_out_row(error: Rejection, request: RequestContext) -> QuarantineRow:
    """Return the row for a request, or for an item of a request, that is counted but not stored."""
    is_left_out = isinstance(error, LeftOut)
    return QuarantineRow(
        project_id=request.project.project_id,
        received_at=timestamp(request.received_at_ms),
        code=error.code,
        message=error.message if is_left_out else "Refused, and of this sender nothing is kept.",
        body=msgspec.json.encode(error.kept).decode() if isinstance(error, LeftOut) and error.kept else "",
        import_id=request.import_id,
    )


def _scrubbed(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        if not levels:
            return CUT
        return {key: _scrubbed(below, levels - 1) for key, below in value.items() if not _is_left_out(key)}
    if isinstance(value, list):
        return [_scrubbed(below, levels - 1) for below in value] if levels else CUT
    return mask_secrets(value) if isinstance(value, str) else value


def _is_left_out(key: str) -> bool:
    return key == "clientId" or is_redacted(key)
