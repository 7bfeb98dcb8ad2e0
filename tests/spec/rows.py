"""Raw rows of tests, as plain dicts: what the collector would have landed. Times are milliseconds since the epoch."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

Row = dict[str, Any]

EVENTS, OPERATIONS, QUARANTINE = "lens_raw.events", "lens_raw.profile_operations", "lens_raw.quarantine"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass
class Project:
    """A project with its settings, and everything that was sent to it, in the order it was written down."""

    project_id: str
    timezone: str = "UTC"
    currency: str = ""
    session_timeout_seconds: int = 1800
    duplicate_window_ms: int = 100
    allowed_bots: list[str] = field(default_factory=list)
    # Rows of `lens_raw.<kind>_definitions` by kind (funnel, retention, cohort, goal).
    definitions: dict[str, list[Row]] = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)
    operations: list[Row] = field(default_factory=list)
    rejected: list[Row] = field(default_factory=list)
    # Counted per project, so that ids do not depend on projects that were made before.
    _numbers: Iterator[int] = field(default_factory=lambda: count(1), repr=False, compare=False)

    def offset_seconds(self, at: int) -> int:
        """How far the project's clocks are ahead of UTC at `at`."""
        ahead = datetime.fromtimestamp(at // 1000, ZoneInfo(self.timezone)).utcoffset()
        assert ahead is not None
        return int(ahead.total_seconds())

    def local_day(self, at: int) -> date:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at, seconds=self.offset_seconds(at))).date()

    def local_hour(self, at: int) -> int:
        """The UTC instant at which the local hour of `at` starts."""
        ahead = self.offset_seconds(at) * 1000
        return (at + ahead) // HOUR_MS * HOUR_MS - ahead

    def event(self, at: int | str, name: str = "screen_view", device: str = "d1", **fields: Any) -> Row:
        """An event at `at` (ms, or text in UTC), received at once unless `received_at` says otherwise."""
        row = self._row(at, device, {"name": name, "path": "", "revenue": "0", "currency": "", "client_session_id": ""})
        self.events.append(row | fields)
        return self.events[-1]

    def view(self, at: int | str, path: str = "/", device: str = "d1", **fields: Any) -> Row:
        return self.event(at, "screen_view", device, path=path, **fields)

    def operation(self, at: int | str, operation: str, profile: str, device: str = "d1", **fields: Any) -> Row:
        own: Row = {"operation": operation, "alias": "", "property": "", "value": "0", "properties": {}}
        row = self._row(at, device, own)
        self.operations.append(row | {"profile_id": profile} | fields)
        return self.operations[-1]

    def reject(self, at: int | str, code: str = "name_missing") -> Row:
        row = {"received_at": moment(at), "code": code, "message": code}
        self.rejected.append(row)
        return row

    def _row(self, at: int | str, device: str, own: Row) -> Row:
        number = next(self._numbers)
        return {
            # Spread over all bits, so that ids sort in another order than the one in which they were made.
            "event_id": str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)),
            "message_id": "",
            "device_id": device,
            "previous_device_id": "",
            "device_kind": "client" if device else "server",
            "profile_id": "",
            "created_at": moment(at),
            "received_at": moment(at),
            "body_hash": 0,
            "import_id": "",
            "is_bot": False,
            "bot_reason": "",
        } | own


def moment(at: int | str) -> int:
    """Milliseconds of `2026-01-31 12:00:00.000` in UTC; seconds and milliseconds may be left out."""
    if isinstance(at, int):
        return at
    return round(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000)
