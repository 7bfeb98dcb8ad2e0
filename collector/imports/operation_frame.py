"""Calls about people and groups in a file as rows of `lens_raw.profile_operations`, by the rules of the wire."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import polars as pl

from collector.enrichment.context import RequestContext
from collector.enrichment.exclusions import LeftOut
from collector.enrichment.row_builder import Enricher, RowBuilder
from collector.imports.event_frame import unreadable_frame
from collector.imports.row_frame import OWN_ADDRESS, Importer, Rows
from event_lens.contract.parse import Envelope, Replay, parse
from event_lens.contract.rejection import Rejection
from event_lens.contract.rows import OperationRow

TEXTS = (
    "project_id", "operation", "device_id", "device_kind", "profile_id", "alias", "group_id", "group_type",
    "group_name", "first_name", "last_name", "name", "email", "avatar", "user_agent", "bot_reason", "import_id",
)  # fmt: skip
MOMENT = pl.Datetime("ms", "UTC")
SCHEMA: dict[str, Any] = (
    {"number": pl.UInt32(), "content": pl.String(), "created_at": MOMENT, "received_at": MOMENT}
    | dict.fromkeys(TEXTS, pl.String())
    | {"groups": pl.List(pl.String), "properties": pl.String(), "is_bot": pl.Boolean()}
)
PAYLOAD = {"profile_id": "profileId", "device_id": "deviceId", "at": "timestamp"}


def make_operations(calls: pl.DataFrame, importer: Importer) -> Rows:
    """Return the rows of `calls`: frames like those of events, whose `name` is the wire's type and whose `properties`
    are its payload.
    """
    senders = _Senders(importer)
    rows: list[dict[str, Any]] = []
    left_out: Counter[str] = Counter()
    refused = [unreadable_frame(calls.clear(), "", "", "content")]
    for place, call in enumerate(calls.iter_rows(named=True)):
        try:
            rows.append(_row(call, senders.of(call["address"], call["user_agent"], call["device_id"]), importer))
        except LeftOut:
            left_out[OWN_ADDRESS] += 1
        except Rejection as error:
            refused.append(unreadable_frame(calls[place], error.code, error.message, "content"))
    return Rows(pl.DataFrame(rows, schema=SCHEMA, orient="row"), dict(left_out), pl.concat(refused))


class _Senders:
    """The row builders of senders, each made once. A call without an agent is not judged to be a program's."""

    def __init__(self, importer: Importer) -> None:
        self._importer = importer
        self._enricher = Enricher()
        self._builders: dict[tuple[str, str, bool], RowBuilder] = {}

    def of(self, address: str, user_agent: str, device_id: str) -> RowBuilder:
        is_judged = bool(user_agent.strip() and (address or device_id))
        key = (address, user_agent, is_judged)
        if key not in self._builders:
            request = RequestContext(
                self._importer.project,
                self._importer.received_at_ms,
                salts={date.min: self._importer.salt},
                first_day=date(1970, 1, 1),
                address=address,
                has_client_address=bool(address),
                user_agent=user_agent,
                is_verified=not is_judged,
                import_id=self._importer.import_id,
            )
            self._builders[key] = self._enricher.builder(request)
        return self._builders[key]


def _row(call: Mapping[str, Any], builder: RowBuilder, importer: Importer) -> dict[str, Any]:
    """Return the row of a call. Raises `Rejection`."""
    payload = msgspec.json.decode(call["properties"] or "{}")
    parsed = parse(Envelope(call["name"], payload | {theirs: call[own] or None for own, theirs in PAYLOAD.items()}))
    row = None if isinstance(parsed, Replay) else builder.row(parsed)
    if not isinstance(row, OperationRow):
        raise Rejection("The call is not about a person or a group.", code="type_unknown")
    values = {name: value for name, value in msgspec.structs.asdict(row).items() if name in SCHEMA}
    own = {"number": call["number"], "content": call["content"], "created_at": call["at"]}
    properties = msgspec.json.encode(row.properties).decode()
    return values | own | {"properties": properties, "received_at": importer.received_at_ms}
