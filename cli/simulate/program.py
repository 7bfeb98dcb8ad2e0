"""A program that no bot list names: it requests the first page at regular intervals, day and night, as an old
browser.
"""

from collections.abc import Iterator

from cli.simulate.traffic import DAY_MS, Request
from cli.simulate.visits import SITE

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0.3029.110 Safari/537.36"
VIEWS = 2 * 72
EVERY_MS = DAY_MS // 72


def program_requests(first_ms: int, views: int = VIEWS) -> Iterator[tuple[int, Request]]:
    """Return the program's requests, each with its time (ms since the epoch)."""
    for number in range(views):
        at_ms = first_ms + number * EVERY_MS
        payload = {
            "name": "screen_view",
            "deviceId": "device-probe",
            "timestamp": at_ms,
            "messageId": f"probe-{number}",
            "properties": {"__path": f"{SITE}/"},
        }
        yield at_ms, Request("/track", {"type": "track", "payload": payload}, AGENT, "198.18.9.9", False, 1)
