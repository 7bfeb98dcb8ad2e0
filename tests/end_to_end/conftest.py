"""A whole house for the journeys, and a site on it whose events were sent, whose log was imported, all built once."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from event_lens.processes import running
from event_lens.settings import read_settings
from tests.end_to_end.running import House
from tests.end_to_end.site import DAY, Site, event
from tests.ports import free_port

LOG = Path(__file__).resolve().parents[1] / "data" / "access.log"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house") / "home"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    environ |= {
        f"EVENTLENS_{part}_PORT": str(free_port())
        for part in ("WAREHOUSE", "WAREHOUSE_NATIVE", "COLLECTOR", "QUERY", "DAGSTER")
    }
    environ |= {"EVENTLENS_HOME": str(home), "EVENTLENS_BATCH_SECONDS": "0.2", "COLUMNS": "200"}
    settings = read_settings(environ)
    logs = tmp_path_factory.mktemp("logs")
    ready = {
        "warehouse": f"http://127.0.0.1:{settings.warehouse_port}/ping",
        "collector": f"http://127.0.0.1:{settings.collector_port}/ready",
        "query": f"http://127.0.0.1:{settings.query_port}/ready",
    }
    with ExitStack() as stack:
        for part, url in ready.items():
            stack.enter_context(running(part, environ, url, Path(logs) / f"{part}.log"))
        yield House(environ, settings)


@pytest.fixture(scope="session")
def imported(house: House) -> Site:
    """A site whose access log was imported, twice."""
    site = Site(house, "Imported")
    for _ in range(2):
        house.eventlens("import", "access-log", str(LOG), "--project", site.project)
    return site


@pytest.fixture(scope="session")
def site(house: House, imported: Site) -> Site:
    """A site whose day was sent and built: two visitors, one of whom logs in, a copy, a crawler, and bad input."""
    site = Site(house, "Journey")
    first = site.send("/track", event("screen_view", "09:00:00", "d1", "/", messageId="m1"))
    assert first.status_code == 200
    assert first.json()["success"] is True
    assert first.json()["deviceId"] == "d1"
    batch = [
        event("screen_view", "09:00:00", "d1", "/", messageId="m1"),
        event("screen_view", "09:01:00", "d1", "/pricing"),
        event("signup", "09:02:00", "d1", "/pricing"),
        {"type": "track", "payload": {"name": "n" * 300}},
        event("purchase", "09:03:00", "d1", "/pricing", properties={"__revenue": 12.5}),
        event("screen_view", "23:30:00", "d2", "/blog"),
        {"type": "identify", "payload": {"profileId": "p1", "deviceId": "d1", "timestamp": f"{DAY}T09:02:30Z"}},
    ]
    answer = site.send("/track/batch", batch).json()
    assert (answer["accepted"], [bad["index"] for bad in answer["rejected"]]) == (6, [3])
    crawler = site.send("/track", event("screen_view", "10:00:00", "d3"), **site.page, **{"user-agent": BOT})
    assert crawler.status_code == 202
    assert site.send("/track", b'{"type":"track","payload":{').status_code == 400
    house.wait_until_landed()
    house.eventlens("build")
    return site
