"""A made-up history of any size, the same for the same seed, made and landed by the hundred thousand rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from event_lens.warehouse.client import Warehouse
from tests.reference.definitions import made_up_definitions
from tests.spec.landing import Touched, land_settings
from tests.spec.rows import EVENTS, OPERATIONS, QUARANTINE, Project

MADE = {EVENTS: "made_events", OPERATIONS: "made_operations", QUARANTINE: "made_quarantine"}
ROWS_A_BATCH = 200_000
PARTS = 2

# One project for each: half-hour zones, a clock that changes, both sides of the date line, and one with a single event.
SETTINGS: list[dict[str, object]] = [
    {"timezone": "Europe/Berlin", "currency": "EUR"},
    {"timezone": "Asia/Kolkata", "session_timeout_seconds": 3600},
    {"timezone": "America/St_Johns", "duplicate_window_ms": 0, "currency": "USD"},
    {"timezone": "Pacific/Kiritimati", "allowed_bots": ["crawler:good*"]},
    {"timezone": "Pacific/Pago_Pago", "session_timeout_seconds": 86_400},
    {"timezone": "UTC", "session_timeout_seconds": 600, "allowed_bots": ["empty_user_agent"]},
    {"timezone": "Australia/Lord_Howe"},
    {"timezone": "America/New_York"},
]


@dataclass(frozen=True)
class History:
    """What was made, in a DuckDB of its own, in `PARTS` parts drawn at random."""

    projects: list[Project]
    made: duckdb.DuckDBPyConnection

    @property
    def project_ids(self) -> list[str]:
        return [project.project_id for project in self.projects]

    def land_settings(self, warehouse: Warehouse) -> None:
        land_settings(warehouse, self.projects)

    def land(self, warehouse: Warehouse, part: int) -> Touched:
        """Insert a part in a shuffled order; the days that this changes, copies that landed before included."""
        for table, made in MADE.items():
            for number, body in enumerate(self._bodies(made, part)):
                warehouse.insert_lines(table, body, token=f"{self.project_ids[0]}-{table}-{part}-{number}")
        return Touched(self._days(part), self._receive_days(part))

    def _bodies(self, made: str, part: int) -> Iterator[bytes]:
        [(rows,)] = self.made.execute(f"select count(*) from {made} where part = {part}").fetchall()
        with TemporaryDirectory() as folder:
            for first in range(0, rows, ROWS_A_BATCH):
                path = Path(folder) / f"{first}.json"
                batch = f"{self.project_ids[0]}-{made}-{part}-{first}"
                self.made.execute(f"""
                    copy (
                        select * exclude (part), '{batch}' as batch_id, row_number() over () as batch_row from (
                            select * from {made} where part = {part}
                            order by hash({made}) limit {ROWS_A_BATCH} offset {first}
                        )
                    ) to '{path}' (format json, timestampformat '%Y-%m-%d %H:%M:%S.%g')
                """)
                yield path.read_bytes()
                path.unlink()

    def _days(self, part: int) -> set[date]:
        zones = ", ".join(f"('{project.project_id}', '{project.timezone}')" for project in self.projects)
        moved = " union all ".join(
            f"""
            select project_id, created_at from {made} where part = {part} or (part < {part} and message_id <> ''
                and event_id in (select event_id from {made} where part = {part}))
            """
            for made in (MADE[EVENTS], MADE[OPERATIONS])
        )
        return self._dates(f"""
            select distinct timezone(zone, timezone('UTC', created_at))::date from ({moved})
            inner join (values {zones}) as zones (project_id, zone) using (project_id)
        """)

    def _receive_days(self, part: int) -> set[date]:
        landed = " union all ".join(f"select received_at, part from {made}" for made in MADE.values())
        return self._dates(f"select distinct received_at::date from ({landed}) where part = {part}")

    def _dates(self, question: str) -> set[date]:
        return {day for (day,) in self.made.execute(question).fetchall()}


def make_history(
    run: str, *, seed: int, visits: int, events_a_visit: int, devices: int, days: int, first_day: str
) -> History:
    """`visits` of `events_a_visit` events on average, in eight projects whose ids begin with `run`. Blocks."""
    made = duckdb.connect()
    values = {"run": run, "seed": seed, "visits": visits, "devices": devices, "days": days, "first_day": first_day}
    for name, value in (values | {"events_a_visit": events_a_visit}).items():
        made.execute(f"set variable {name} = ?", [value])
    made.execute(Path(__file__).with_suffix(".sql").read_text())
    projects = [
        Project(f"{run}-{number}", definitions=made_up_definitions(), **settings)  # type: ignore[arg-type]
        for number, settings in enumerate(SETTINGS)
    ]
    return History(projects, made)
