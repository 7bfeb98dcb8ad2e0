"""Turns the envelopes of a body into rows on disk. Each event is checked by itself, and all rows are synced before the
answer.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from collector.auth.quotas import ProjectQuotas
from collector.enrichment.context import RequestContext
from collector.enrichment.exclusions import LeftOut
from collector.enrichment.row_builder import Enricher, RowBuilder
from collector.enrichment.session_id import foreseen_session_id
from collector.quarantine import quarantined
from collector.spool.spool import Spool
from event_lens.contract.encoded_row import Line, line_of
from event_lens.contract.parse import Envelope, Event, Operation, Rejection, Replay, UsualTrack, parse
from event_lens.contract.rows import from_timestamp
from event_lens.metrics import metrics
from event_lens.tracing import tracing


class Taken(NamedTuple):
    """The outcome of a request with one event, which is on disk."""

    device_id: str
    session_id: str
    bot_reason: str
    not_counted: list[str]
    """Sent fields that are kept as properties only, because this sender may not set them."""


def _bot_reason(builder: RowBuilder) -> str:
    """Return why the sender is a bot; empty when the only evidence is bot signals."""
    return builder.bot_reason if builder.is_bot else ""


class RejectedItem(msgspec.Struct):
    """An item of a batch that is in quarantine, as the answer lists it."""

    index: int
    code: str
    reason: str


class NotCounted(msgspec.Struct):
    """Fields of an item of a batch that are stored only as properties, because this sender may not set them."""

    index: int
    fields: list[str]


class BatchTaken(NamedTuple):
    """The outcome of a batch: the items in quarantine, and the items with fields that do not count."""

    rejected: list[RejectedItem]
    not_counted: list[NotCounted]


class Ingest:
    """Takes events for one process. When a method returns without an error, its rows are on disk."""

    def __init__(self, enricher: Enricher, spool: Spool, quotas: ProjectQuotas) -> None:
        self._quotas = quotas
        self._enricher = enricher
        self._spool = spool

    def builder(self, request: RequestContext) -> RowBuilder:
        """Return the builder that makes the rows of this request."""
        return self._enricher.builder(request)

    def _check_names(self, parsed: Event | Operation, request: RequestContext) -> None:
        """Raise `Rejection` for new names beyond the project's quotas, when the sender has no verified secret."""
        if not request.is_verified:
            name = parsed.name if isinstance(parsed, Event) else ""
            self._quotas.check_names(request.project, name, parsed.properties)

    async def _keep(self, lines: Iterable[Line]) -> None:
        """Write the rows to disk before it returns. Raises `Unavailable`."""
        with tracing.within("spool") as span:
            for segment_id in await self._spool.append(lines):
                span.link(segment_id)

    async def take_one(self, envelope: Envelope, builder: RowBuilder) -> Taken:
        """Take one event, operation or replay. Raises `Rejection` after it is in quarantine, and `Unavailable`.

        Events that the project excludes are answered like accepted ones, so that the sender does not repeat them.
        """
        project = builder.request.project
        try:
            parsed = parse(envelope)
            if isinstance(parsed, Replay):
                metrics.count("eventlens_replays_dropped_total")
                device_id = builder.own_device().device_id
                session_id = foreseen_session_id(project, device_id, builder.request.received_at_ms)
                return Taken(device_id, session_id, _bot_reason(builder), [])
            self._check_names(parsed, builder.request)
            own = builder.own_values(parsed)
            line = builder.encoded(parsed, own)
            device_id = own["device_id"]
        except LeftOut as error:
            await self.reject(error, builder)
            return Taken("", "", "", [])
        except Rejection as error:
            await self.reject(error, builder, envelope=envelope)
            raise
        await self._keep((line,))
        metrics.count("eventlens_received_total")
        session_id = parsed.session_id if isinstance(parsed, Event) else ""
        session_id = session_id or foreseen_session_id(project, device_id, from_timestamp(own["created_at"]))
        return Taken(device_id, session_id, _bot_reason(builder), builder.not_counted(parsed))

    async def take_batch(self, items: list[Envelope | UsualTrack | Rejection], builder: RowBuilder) -> BatchTaken:
        """Take all items of a batch, each checked by itself. Raises `Unavailable`, and then keeps no item."""
        lines: list[Line] = []
        rejected: list[RejectedItem] = []
        not_counted: list[NotCounted] = []
        line_of_parsed = builder.line
        is_verified = builder.request.is_verified  # then nothing is limited, and every field counts
        for index, item in enumerate(items):
            try:
                parsed = parse(item)
                if isinstance(parsed, Replay):
                    metrics.count("eventlens_replays_dropped_total")
                elif is_verified:
                    lines.append(line_of_parsed(parsed))
                else:
                    self._check_names(parsed, builder.request)
                    lines.append(line_of_parsed(parsed))
                    if fields := builder.not_counted(parsed):
                        not_counted.append(NotCounted(index, fields))
            except Rejection as error:
                envelope = None if isinstance(item, Rejection) else item
                lines.append(line_of(quarantined(error, builder, envelope=envelope)))
                rejected.append(RejectedItem(index, error.code, error.message))
        if lines:
            await self._keep(lines)
            metrics.count("eventlens_received_total", len(lines) - len(rejected))
        for refusal in rejected:
            metrics.count("eventlens_rejected_total", 1, refusal.code)
        return BatchTaken(rejected, not_counted)

    async def reject(
        self, error: Rejection, builder: RowBuilder, *, body: bytes = b"", envelope: Envelope | None = None
    ) -> None:
        """Keep a refused event or body in quarantine, once its sender is known. Raises `Unavailable`."""
        await self._keep((line_of(quarantined(error, builder, body=body, envelope=envelope)),))
        metrics.count("eventlens_rejected_total", 1, error.code)
