"""Turns typed events into rows: adds the request's device, place and source, and drops the address."""

from collections.abc import Iterator
from typing import Any

import msgspec

from collector.enrichment.bot_rules import own_rule, path_rules
from collector.enrichment.bots import BOT, judge
from collector.enrichment.context import RequestContext
from collector.enrichment.device_id import Device, derived_device, profile_device
from collector.enrichment.event_id import message_uuid, random_uuids, short_hash
from collector.enrichment.exclusions import check_hostname, left_out
from collector.enrichment.geo import Geo
from collector.enrichment.page import PAGE_FIELDS, Page, page_of, site_rules
from collector.enrichment.query_allow_list import keep_parameters
from collector.enrichment.redaction import redact
from collector.enrichment.url import split_url
from collector.enrichment.url_redaction import mask_addresses_in, mask_properties
from collector.enrichment.user_agent import parse_user_agent
from event_lens.contract.coercion import as_cut_text, as_decimal
from event_lens.contract.common_fields import Sent
from event_lens.contract.encoded_row import CommonValues, Line
from event_lens.contract.fast_path import UsualPayload
from event_lens.contract.limits import MAX_REVENUE, MAX_USER_AGENT_LENGTH, MAX_WORD_LENGTH
from event_lens.contract.parse import Event, Operation
from event_lens.contract.properties import check_storable, lists_of_values
from event_lens.contract.rejection import Rejection
from event_lens.contract.reserved_keys import PLACE_FIELDS
from event_lens.contract.rows import EventRow, OperationRow, timestamp
from event_lens.contract.timestamps import event_time, first_ms
from event_lens.registry.tables import ACCEPT_BY_SENDER

UNVERIFIED_ACCEPT_DAYS = 30
"""The accepted age, in days, of events of senders without a verified secret, unless the project sets one."""
DAY_MS = 86_400_000
OWN_FIELDS = PAGE_FIELDS | {"title"}


class Enricher:
    """Makes the builders of rows, and holds the objects that they share; one per process."""

    def __init__(self, geo: Geo | None = None) -> None:
        self._geo = geo
        self._ids = random_uuids()

    def builder(self, request: RequestContext) -> "RowBuilder":
        """Return the builder that makes the rows of one request's events."""
        return RowBuilder(request, self._geo, self._ids)


def _oldest_ms(request: RequestContext) -> int:
    """Return the oldest time (ms) of the sender's events that is accepted; 0 for any age."""
    days = request.project.accept_days
    if days == ACCEPT_BY_SENDER:
        days = 0 if request.is_verified else UNVERIFIED_ACCEPT_DAYS
    return 0 if request.import_id or not days else request.received_at_ms - days * DAY_MS


class RowBuilder:
    """Makes the rows of one request; values that all its events share are computed once.

    `is_bot` and `bot_reason` are the collector's verdict on the sender. It marks rows and never drops them, and senders
    with a verified secret are exempt. `left_out` is the reason why nothing of the request is kept. `user_agent`,
    `sdk_name` and `sdk_version` are the headers as they may be stored.
    """

    def __init__(self, request: RequestContext, geo: Geo | None, ids: Iterator[str]) -> None:
        self.request = request
        self._geo = geo
        self._ids = ids
        self.user_agent = _header(request.user_agent, MAX_USER_AGENT_LENGTH)
        self.sdk_name = _header(request.sdk_name)
        self.sdk_version = _header(request.sdk_version)
        self.left_out = left_out(request)
        self._may_leave_out = self.left_out is not None or bool(request.project.own_addresses)
        self._hostnames = request.project.hostnames
        self._site_rules = site_rules(request.project)
        self._kept_parameters = request.project.kept_parameters
        self._first_ms = first_ms(request.first_day)
        self._oldest_ms = _oldest_ms(request)
        self._first_taken_ms = first_ms(request.first_day_taken)
        agent, reason = (parse_user_agent(self.user_agent), "") if request.is_verified else judge(self.user_agent)
        rules = request.project.bot_rules
        if rules and not reason:
            address = request.address if request.has_client_address else ""
            if rule := own_rule(rules, user_agent=self.user_agent, address=address, reason=request.bot_signals):
                agent, reason = agent._replace(device=BOT), rule
        self._path_rules = path_rules(rules)
        self._changes_pages = self._kept_parameters is not None or bool(self._path_rules)
        self.is_bot = bool(reason)
        self.bot_reason = reason or request.bot_signals
        sender: dict[str, Any] = {
            "project_id": request.project.project_id,
            "received_at": timestamp(request.received_at_ms),
            "user_agent": self.user_agent,
            "sdk_name": self.sdk_name,
            "sdk_version": self.sdk_version,
            "is_bot": self.is_bot,
            "bot_reason": self.bot_reason[:MAX_WORD_LENGTH],
            "import_id": request.import_id,
        }
        event = sender | agent._asdict()
        if request.is_verified and not request.has_client_address and not self.is_bot:
            event["device"] = "server"
        event["language"] = _first_language(_header(request.accept_language))
        if request.has_client_address:
            event |= self._place_values(request.address)
        self._received_at = sender["received_at"]
        self._of_operations = CommonValues(OperationRow, sender)
        self._of_events = CommonValues(EventRow, event)
        self._origin = _header(request.origin)

    def line(self, parsed: Event | Operation) -> Line:
        """Return the encoded raw row of an event or operation. Raises as `own_values` and `encoded` do."""
        return self.encoded(parsed, self.own_values(parsed))

    def own_values(self, parsed: Event | Operation) -> dict[str, Any]:
        """Return the columns that an event or operation fills itself. Its device and time are resolved: `device_id` is
        the stored id.

        Raises `Rejection` (`timestamp_too_old`, `too_late`) or `LeftOut`.
        """
        return self._event_values(parsed) if isinstance(parsed, Event) else self._operation_values(parsed)

    def encoded(self, parsed: Event | Operation, own: dict[str, Any]) -> Line:
        """Return the encoded raw row of an event or operation with these `own` values.

        Raises `Rejection` for a revenue that is not a number, or `LeftOut`.
        """
        if not isinstance(parsed, Event):
            return self._of_operations.line_apart(own)
        page, fields = self._page(parsed), parsed.fields
        # These change columns of the page, or fill columns that the request fills too.
        if (
            self._changes_pages
            or parsed.guarded
            or parsed.screen
            or parsed.address
            or not OWN_FIELDS.issuperset(fields)
        ):
            return self._of_events.line(self._with_page(own, page, parsed))
        return self._of_events.line_apart(own, page.columns)

    def row(self, parsed: Event | Operation) -> EventRow | OperationRow:
        """Return the raw row of an event or operation, not encoded yet. Raises as `line` does."""
        if isinstance(parsed, Event):
            return self.event_row(parsed)
        return self._of_operations.row(self._operation_values(parsed))

    def event_row(self, event: Event) -> EventRow:
        return self._of_events.row(self._with_page(self._event_values(event), self._page(event), event))

    def _operation_values(self, operation: Operation) -> dict[str, Any]:
        if self._hostnames:
            check_hostname(split_url(self._origin).host, self._hostnames)
        values = self._values(operation) | operation.fields | {"operation": operation.operation}
        if values.get("avatar"):
            values["avatar"] = mask_addresses_in(values["avatar"])
        return values

    def _values(self, parsed: Sent) -> dict[str, Any]:
        """Return the own values of columns that events and operations share."""
        request = self.request
        if self._may_leave_out:
            reason = left_out(request, parsed.address) if parsed.address else self.left_out
            if reason:
                raise reason.with_traceback(None)
        received_at_ms = request.received_at_ms
        at_ms = received_at_ms
        if parsed.timestamp is not None:
            at_ms = self._time(parsed)
        message_id = parsed.message_id
        values = {
            "event_id": message_uuid(request.project.project_id, message_id) if message_id else next(self._ids),
            "device_id": parsed.device_id,
            "device_kind": "client",
            "created_at": self._received_at if at_ms == received_at_ms else timestamp(at_ms),
        }
        if message_id:
            values["message_id"] = message_id
        if not parsed.device_id:
            values |= msgspec.structs.asdict(self._derived(parsed, at_ms))
        if parsed.profile_id:
            values["profile_id"] = parsed.profile_id
        if parsed.properties:
            values["properties"] = _stored(parsed)
        return values

    def _time(self, parsed: Sent) -> int:
        """Return the time (ms) of the event or operation. Raises `Rejection` (`timestamp_too_old`, `too_late`)."""
        at_ms = event_time(parsed.timestamp, self.request.received_at_ms, self._first_ms)
        if at_ms < self._oldest_ms:
            raise Rejection(
                "The timestamp is older than the project accepts from this sender (its accept_days).",
                code="timestamp_too_old",
            )
        if at_ms < self._first_taken_ms:
            raise Rejection(
                "The event's day is closed: the project keeps what it is made of for a number of days only.",
                code="too_late",
            )
        return at_ms

    def own_device(self) -> Device:
        """Return the device of the request itself, which an event without device id and profile gets; an empty device
        when the request is left out.
        """
        if self.left_out:
            return Device("", "derived")
        return self._sender(self.request.address, self.request.has_client_address, "", self.request.received_at_ms)

    def _derived(self, parsed: Sent, at_ms: int) -> Device:
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

    def _event_values(self, event: Event) -> dict[str, Any]:
        """Return the own values of an event, by column."""
        values = self._values(event)
        values["name"] = event.name
        if "title" in event.fields:
            values["title"] = event.fields["title"]
        if event.session_id:
            values["client_session_id"] = event.session_id
        if event.groups:
            values["groups"] = event.groups
        if not (event.message_id or self.request.is_verified or self.request.import_id):
            values["body_hash"] = body_hash(event)
        return values

    def _page(self, event: Event) -> Page:
        page = page_of(event.fields, self._origin, self._site_rules)
        if self._hostnames:
            check_hostname(split_url(page.values["origin"]).host, self._hostnames)
        return page

    def _with_page(self, own: dict[str, Any], page: Page, event: Event) -> dict[str, Any]:
        """Return `own` with the page's columns, and with the event's values that override the request's: device,
        place, revenue.
        """
        values = page.values | own
        if self._kept_parameters is not None:
            keep_parameters(values, self._kept_parameters)
        values |= {field: value for field, value in event.fields.items() if field not in PAGE_FIELDS}
        values |= event.screen
        if self._path_rules and not self.is_bot and (rule := own_rule(self._path_rules, path=page.values["path"])):
            values |= {"is_bot": True, "bot_reason": rule[:MAX_WORD_LENGTH], "device": BOT}
        if event.address and self.request.is_verified:
            values |= self._place_values(event.address)
        if event.guarded:
            self._fill_guarded(values, event)
        return values

    def _place_values(self, address: str) -> dict[str, Any]:
        return self._geo.place(address)._asdict() if self._geo and address else {}

    def not_counted(self, parsed: Event | Operation) -> list[str]:
        """Return the names of the fields of place or revenue in an event that this sender may not set; empty for an
        operation.
        """
        if not isinstance(parsed, Event) or not parsed.guarded:
            return []
        return [field for field in parsed.guarded if not self._may_set(field)]

    def _may_set(self, field: str) -> bool:
        request = self.request
        return request.is_verified or (field not in PLACE_FIELDS and request.project.allow_unsafe_revenue)

    def _fill_guarded(self, values: dict[str, Any], event: Event) -> None:
        """Add place and revenue if this sender may set them; otherwise they stay ordinary properties."""
        refused: dict[str, Any] = {}
        for field, value in event.guarded.items():
            if not self._may_set(field):
                refused[f"__{field}"] = value
            elif field == "revenue":
                values[field] = as_decimal(_number(value), 4, "The revenue", MAX_REVENUE)
            elif field in ("latitude", "longitude"):
                values[field] = float(as_decimal(_number(value), 6, f"The {field}", 1000))
            elif field == "currency":
                values[field] = as_cut_text(value, field, MAX_WORD_LENGTH).strip().upper()
            else:
                values[field] = as_cut_text(value, field, MAX_WORD_LENGTH)
        if refused:
            properties = values.get("properties", {}) | refused
            check_storable(properties)
            values["properties"] = lists_of_values(properties)


def _stored(parsed: Sent) -> dict[str, Any]:
    """Return properties in their stored form: without clients' addresses and secrets, and with lists of plain values
    only.
    """
    if parsed.is_flat:
        # No key of them is redacted: such keys are reserved, and only deeper ones are left to be found.
        return mask_properties(parsed.properties)
    return lists_of_values(mask_properties(redact(parsed.properties)))


def body_hash(event: Event) -> int:
    """Return a hash of 64 bits, never 0, that is equal for payloads with equal contents. The order of keys and redacted
    values do not affect it.
    """
    payload = event.payload
    if not isinstance(payload, UsualPayload):
        payload = redact(payload)
    elif not event.is_flat:
        payload = redact(payload.as_sent())
    return short_hash(msgspec.json.encode(payload, order="sorted"))


def _number(value: Any) -> Any:
    """Return a text that holds a number as that number, since shops send prices as text; return anything else
    unchanged.
    """
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _header(text: str, length: int = MAX_WORD_LENGTH) -> str:
    """Return a header's text, cut to `length` characters; `?` stands for bytes that are not Unicode."""
    return text[:length] if text.isascii() else text[:length].encode("utf-8", "replace").decode()


def _first_language(accept_language: str) -> str:
    """Return the first language of an Accept-Language header: `ko-KR` of `ko-KR,ko;q=0.9`; empty for `*`."""
    first = accept_language.partition(",")[0].partition(";")[0].strip()
    return "" if first == "*" else first
