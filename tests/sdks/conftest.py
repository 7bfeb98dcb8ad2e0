"""A collector that the published clients talk to, and projects on it."""

from collections.abc import Callable, Iterator

import pytest

from event_lens.warehouse.client import Warehouse
from tests.sdks.browser_visit import find_chromium
from tests.sdks.site import Site
from tests.unit.collector.conftest import CollectorProcess, start_collector

__all__ = ["start_collector"]

BASE_PATH = "/api/v1/analytics"


@pytest.fixture(scope="session")
def collector(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    home = tmp_path_factory.mktemp("sdks")
    process = CollectorProcess(home, warehouse_url, EVENTLENS_BASE_PATH=BASE_PATH, EVENTLENS_RATE_LIMIT="0")
    yield process
    process.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    return find_chromium()


@pytest.fixture
def make_site(collector: CollectorProcess, warehouse: Warehouse) -> Callable[..., Site]:
    """Makes projects of a test's own, with the settings given."""

    def make(**settings: object) -> Site:
        return Site(collector, warehouse, **settings)

    return make


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()
