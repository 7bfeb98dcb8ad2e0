"""Events that keep coming while something happens to the shards."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.end_to_end.site import event
from tests.shards.running import Shards, Tenant

EVENTS_A_REQUEST = 5


class Load:
    """Events of one tenant, each of a device of its own, sent until the block ends."""

    def __init__(self, tenant: Tenant, name: str) -> None:
        self._tenant = tenant
        self._name = name
        self._ended = Event()
        self.sent = 0

    def _send(self) -> None:
        while not self._ended.wait(0.02):
            devices = (f"{self._name}-{self.sent + each}" for each in range(EVENTS_A_REQUEST))
            self._tenant.send([event("screen_view", "10:00:00", device) for device in devices])
            self.sent += EVENTS_A_REQUEST

    @contextmanager
    def running(self) -> Iterator["Load"]:
        thread = Thread(target=self._send)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()

    def wait_for(self, count: int) -> None:
        """Block until so many more are sent."""
        wanted = self.sent + count
        while self.sent < wanted:
            time.sleep(0.02)


def counts(shards: Shards, project_id: str, name: str, shard: int, table: str) -> tuple[int, int]:
    """How many rows and how many devices of a load a shard has."""
    with shards.on(shard) as warehouse:
        (row,) = warehouse.rows(
            f"SELECT count() AS events, uniqExact(device_id) AS devices FROM {table} "
            "WHERE project_id = {p:String} AND startsWith(device_id, {name:String})",
            {"p": project_id, "name": name},
        )
    return row["events"], row["devices"]
