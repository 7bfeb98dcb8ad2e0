"""A plain HTTP client of the warehouse, and a table of a test's own."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from event_lens.warehouse.connection import Warehouse


@pytest.fixture
def http(warehouse_url: str) -> Iterator[httpx.Client]:
    """Speaks HTTP to the warehouse as curl does; answers come as they are sent."""
    with httpx.Client(base_url=warehouse_url, timeout=60, headers={"Accept-Encoding": "identity"}) as client:
        yield client


@pytest.fixture
def table(warehouse: Warehouse) -> Iterator[str]:
    """A table of numbers `n` and texts `s`."""
    name = f"default.t_{uuid4().hex[:12]}"
    warehouse.command(f"CREATE TABLE {name} (n Int64, s String) ENGINE = MergeTree ORDER BY n")
    yield name
    warehouse.command(f"DROP TABLE {name}")
