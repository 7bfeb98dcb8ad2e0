"""Typed events to rows: what the request knows of device, place and source is added, the address is dropped."""

from typing import Any

import msgspec

from collector.bots import bot_reason
from collector.device import Device, derived_device, profile_device
from collector.geo import Geo
from collector.identity import RandomIds, message_uuid, short_hash
from collector.referrer import classify, read_marks
from collector.request import Request
from collector.url import Url, clean_query, split_url
from collector.user_agent import parse_user_agent
from event_lens.contract.field import as_cut_text, as_decimal
from event_lens.contract.limits import MAX_REVENUE, MAX_USER_AGENT_LENGTH, MAX_WORD_LENGTH
from event_lens.contract.moment import event_time, first_ms
from event_lens.contract.properties import check_storable
from event_lens.contract.reserved import PLACE_FIELDS
from event_lens.contract.row import EventRow, OperationRow, timestamp
from event_lens.contract.sent import Sent
from event_lens.contract.wire import Event, Operation

NO_PAGE = split_url("")


class Enricher:
    """What the rows of all requests need. One a process."""

    def __init__(self, geo: Geo | None = None) -> None:
        self._geo = geo
        self._ids = RandomIds()

    def source(self, request: Request) -> "Source":
        """The rows' maker for the events of one request."""
        return Source(request, self._geo, self._ids)


class Source:
    """Makes the rows of one request; what is the same for all its events is worked out once.

    `is_bot` and `bot_reason` are the collector's verdict on the sender: it marks and never drops, and a verified secret
    is exempt. `user_agent`, `sdk_name` and `sdk_version` are the headers as they may be stored.
    """

    def __init__(self, request: Request, geo: Geo | None, ids: RandomIds) -> None:
        self.request = request
        self._geo = geo
        self._ids = ids
        self.user_agent = _header(request.user_agent, MAX_USER_AGENT_LENGTH)
        self.sdk_name = _header(request.sdk_name)
        self.sdk_version = _header(request.sdk_version)
        self._first_ms = first_ms(request.first_day)
        self.bot_reason = "" if request.is_verified else bot_reason(self.user_agent)
        self.is_bot = bool(self.bot_reason)
        self._sender_values: dict[str, Any] = {
            "project_id": request.project.project_id,
            "received_at": timestamp(request.received_at_ms),
            "user_agent": self.user_agent,
            "sdk_name": self.sdk_name,
            "sdk_version": self.sdk_version,
            "is_bot": self.is_bot,
            "bot_reason": self.bot_reason[:MAX_WORD_LENGTH],
            "import_id": request.import_id,
        }
        self._event_values = self._sender_values | parse_user_agent(self.user_agent)._asdict()
        if self.is_bot:
            self._event_values["device"] = "bot"
        elif request.is_verified and not request.has_client_address:
            self._event_values["device"] = "server"
        self._event_values["language"] = _first_language(_header(request.accept_language))
        if request.has_client_address:
            self._event_values |= self._place_values(request.address)
        self._origin = split_url(_header(request.origin))

    def row(self, parsed: Event | Operation) -> EventRow | OperationRow:
        """The raw row of what was parsed. Raises `Rejection`: `timestamp_too_old`, or a revenue that is no number."""
        return self.event_row(parsed) if isinstance(parsed, Event) else self.operation_row(parsed)

    def event_row(self, event: Event) -> EventRow:
        values = self._values(event, self._event_values)
        self._fill(values, event)
        return EventRow(**values)

    def operation_row(self, operation: Operation) -> OperationRow:
        return OperationRow(
            operation=operation.operation, **self._values(operation, self._sender_values), **operation.fields
        )

    def _values(self, parsed: Sent, shared: dict[str, Any]) -> dict[str, Any]:
        """`shared`, and what every row has."""
        request = self.request
        at_ms = event_time(parsed.timestamp, request.received_at_ms, self._first_ms)
        device_id, device_kind, previous_device_id = self._device(parsed, at_ms)
        values = shared.copy()
        message_id = parsed.message_id
        values["event_id"] = message_uuid(request.project.project_id, message_id) if message_id else self._ids.take()
        values["message_id"] = message_id
        values["device_id"] = device_id
        values["device_kind"] = device_kind
        values["previous_device_id"] = previous_device_id
        values["profile_id"] = parsed.profile_id
        values["created_at"] = values["received_at"] if at_ms == request.received_at_ms else timestamp(at_ms)
        values["properties"] = parsed.properties
        return values

    def device(self, parsed: Sent) -> Device:
        """The device of what was parsed. Raises `Rejection` (`timestamp_too_old`)."""
        return self._device(parsed, event_time(parsed.timestamp, self.request.received_at_ms, self._first_ms))

    def own_device(self) -> Device:
        """The device of the request itself, as one without a device id and a profile has it."""
        return self._sender(self.request.address, self.request.has_client_address, "", self.request.received_at_ms)

    def _device(self, parsed: Sent, at_ms: int) -> Device:
        if parsed.device_id:
            return Device(parsed.device_id, "client")
        request = self.request
        if parsed.address and request.is_verified:
            return self._sender(parsed.address, True, parsed.profile_id, at_ms)
        return self._sender(request.address, request.has_client_address, parsed.profile_id, at_ms)

    def _sender(self, address: str, has_client_address: bool, profile_id: str, at_ms: int) -> Device:
        request = self.request
        if request.is_verified and not has_client_address:
            return profile_device(request.project.project_id, profile_id)
        return derived_device(
            self.user_agent,
            address,
            request.project.project_id,
            request.salts,
            at_ms,
            is_monthly=request.project.device_salt == "monthly",
        )

    def _fill(self, values: dict[str, Any], event: Event) -> None:
        """Add what an event says of its page, source, place and revenue."""
        request = self.request
        fields = event.fields
        page = split_url(fields["path"]) if "path" in fields else NO_PAGE
        query = page.query or (clean_query(fields["search"]) if "search" in fields else "")
        marks = read_marks(query)
        values |= marks.campaign
        values |= fields
        values |= event.screen
        values.pop("search", None)
        if event.address and request.is_verified:
            values |= self._place_values(event.address)
        if event.guarded:
            self._fill_guarded(values, event)
        origin = self._origin_of(page, fields.get("origin", ""))
        referrer, referrer_name, referrer_type, click_id = classify(
            fields.get("referrer", ""),
            origin.host,
            marks.click_id,
            values.get("utm_source", ""),
            values.get("utm_medium", ""),
        )
        values["name"] = event.name
        values["client_session_id"] = event.session_id
        values["groups"] = event.groups
        values["path"] = page.path
        values["origin"] = origin.origin
        values["query"] = query
        values["hash"] = page.hash
        values["referrer"] = referrer
        values["referrer_name"] = referrer_name
        values["referrer_type"] = referrer_type
        values["click_id"] = click_id
        if not (event.message_id or request.is_verified or request.import_id):
            values["body_hash"] = body_hash(event.payload)

    def _origin_of(self, page: Url, field: str) -> Url:
        if page.host:
            return page
        given = split_url(field) if field else NO_PAGE
        return given if given.host else self._origin

    def _place_values(self, address: str) -> dict[str, Any]:
        return self._geo.place(address)._asdict() if self._geo and address else {}

    def _fill_guarded(self, values: dict[str, Any], event: Event) -> None:
        """Add place and revenue if this sender may set them; else they stay properties, and count for nothing."""
        may_place = self.request.is_verified
        may_sell = may_place or self.request.project.allow_unsafe_revenue
        refused: dict[str, Any] = {}
        for field, value in event.guarded.items():
            if not (may_place if field in PLACE_FIELDS else may_sell):
                refused[f"__{field}"] = value
            elif field == "revenue":
                values[field] = as_decimal(_number(value), 4, "The revenue", MAX_REVENUE)
            elif field in ("latitude", "longitude"):
                values[field] = float(as_decimal(_number(value), 6, f"The {field}", 1000))
            else:
                values[field] = as_cut_text(value, field, MAX_WORD_LENGTH)
        if refused:
            values["properties"] = event.properties | refused
            check_storable(values["properties"])


def body_hash(payload: dict[str, Any]) -> int:
    """64 bits, equal for equal payloads whatever the order of their keys, never 0. The address is no part of it."""
    properties = payload.get("properties")
    if isinstance(properties, dict) and "__ip" in properties:
        payload = payload | {"properties": {name: value for name, value in properties.items() if name != "__ip"}}
    return short_hash(msgspec.json.encode(payload, order="deterministic"))


def _number(value: Any) -> Any:
    """Text that is a number, as that number: shops send prices as text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _header(text: str, length: int = MAX_WORD_LENGTH) -> str:
    """A header's text, cut, and with nothing in it that is no Unicode."""
    return text[:length] if text.isascii() else text[:length].encode("utf-8", "replace").decode()


def _first_language(accept_language: str) -> str:
    """The first language of an Accept-Language header: `ko-KR` of `ko-KR,ko;q=0.9`."""
    first = accept_language.partition(",")[0].partition(";")[0].strip()
    return "" if first == "*" else first
