"""Raw events are kept for good, or for as many days as the setting says."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.retention import TABLES, keep_raw
from tests.conftest import EmbeddedServer


@pytest.fixture
def own_warehouse(start_embedded: Callable[[Path], EmbeddedServer], tmp_path: Path) -> Iterator[Warehouse]:
    with Warehouse(start_embedded(tmp_path / "home").wait().url) as warehouse:
        yield warehouse


def expiries(warehouse: Warehouse) -> set[str]:
    found = set()
    for table in TABLES:
        sql = str(
            warehouse.value(
                f"SELECT create_table_query FROM system.tables WHERE concat(database, '.', name) = '{table}'"
            )
        )
        found.add(sql.partition(" TTL ")[2].partition(" SETTINGS")[0])
    return found


def test_raw_rows_expire_only_while_a_number_of_days_is_set(own_warehouse: Warehouse) -> None:
    assert expiries(own_warehouse) == {""}
    for days in (30, 60, 60):
        keep_raw(own_warehouse, days)
        assert expiries(own_warehouse) == {f"toDateTime(created_at) + toIntervalDay({days})"}
    keep_raw(own_warehouse, 0)
    assert expiries(own_warehouse) == {""}


def test_an_expired_event_goes(own_warehouse: Warehouse) -> None:
    row = (
        '{"event_id":"00000000-0000-0000-0000-00000000000%d","project_id":"p","name":"n","device_id":"d",'
        '"device_kind":"client","created_at":"%s","received_at":"2026-01-01 00:00:00.000"}'
    )
    body = "\n".join((row % (1, "2016-01-01 00:00:00.000"), row % (2, "2100-01-01 00:00:00.000"))).encode()
    own_warehouse.insert_lines("lens_raw.events", body, token="retention")
    keep_raw(own_warehouse, 30)
    own_warehouse.command("OPTIMIZE TABLE lens_raw.events FINAL")
    assert own_warehouse.value("SELECT groupArray(toYear(created_at)) FROM lens_raw.events") == [2100]
