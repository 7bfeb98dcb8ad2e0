"""A plain HTTP client of the warehouse, and a table of a test's own."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from event_lens.warehouse.access import read_access
from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer


@pytest.fixture
def http(warehouse_url: str) -> Iterator[httpx.Client]:
    """Speaks HTTP to the warehouse as curl does; answers come as they are sent."""
    with httpx.Client(base_url=warehouse_url, timeout=60, headers={"Accept-Encoding": "identity"}) as client:
        yield client


@pytest.fixture
def reader_url(embedded_warehouse: EmbeddedServer) -> str:
    """The address of the embedded warehouse as the user who reads and never writes."""
    return read_access(embedded_warehouse.home).url("query")


@pytest.fixture
def nobody(warehouse_url: str) -> Iterator[httpx.Client]:
    """Speaks HTTP to the warehouse without saying who it is."""
    url = httpx.URL(warehouse_url).copy_with(username=None, password=None)
    with httpx.Client(base_url=url, timeout=60, headers={"Accept-Encoding": "identity"}) as client:
        yield client


@pytest.fixture
def guarded_admin(warehouse_url: str, guarded_url: str) -> Iterator[httpx.Client]:
    """Speaks HTTP to the guard as the admin does, to whom it only passes on."""
    admin = httpx.URL(warehouse_url)
    headers = {"Accept-Encoding": "identity", "X-ClickHouse-User": admin.username, "X-ClickHouse-Key": admin.password}
    with httpx.Client(base_url=guarded_url, timeout=60, headers=headers) as client:
        yield client


@pytest.fixture
def analyst(guarded_url: str) -> Iterator[httpx.Client]:
    """Speaks HTTP to the guard as the analyst without a password does."""
    headers = {"Accept-Encoding": "identity", "X-ClickHouse-User": "analyst"}
    with httpx.Client(base_url=guarded_url, timeout=90, headers=headers) as client:
        yield client


@pytest.fixture
def table(warehouse: Warehouse) -> Iterator[str]:
    """A table of numbers `n` and texts `s`."""
    name = f"default.t_{uuid4().hex[:12]}"
    warehouse.command(f"CREATE TABLE {name} (n Int64, s String) ENGINE = MergeTree ORDER BY n")
    yield name
    warehouse.command(f"DROP TABLE {name}")
