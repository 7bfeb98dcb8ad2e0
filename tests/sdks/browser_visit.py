"""A visit of a real Chromium to the shop, and what came of it."""

import shutil
from typing import Any, NamedTuple

import pytest

from tests.sdks.client_process import need_node, run_scenario
from tests.sdks.proxy import Heard, tapped
from tests.sdks.shop import shop
from tests.sdks.site import HOST, Site

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"


def find_chromium() -> str:
    """Skips, and says why, where there is none."""
    need_node()
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is missing; Debian's package is chromium")
    return found


class Visit(NamedTuple):
    """What the browser said, what passed between it and the collector, and what is in the warehouse."""

    result: dict[str, Any]
    heard: list[Heard]
    events: list[dict[str, Any]]
    operations: list[dict[str, Any]]
    port: int

    def named(self, name: str) -> list[dict[str, Any]]:
        return [row for row in self.events if row["name"] == name]


def visit(scenario: str, site: Site, chromium: str, *, user_agent: str | None = CHROME, host: str = HOST) -> Visit:
    with tapped(site.collector.port) as tap, shop(tap.url, site.client_id) as port:
        options = {
            "executable": chromium,
            "apiUrl": tap.url,
            "clientId": site.client_id,
            "shop": f"http://{host}:{port}/",
            "search": f"http://www.google.com:{port}/search?q=shop",
        }
        if user_agent is not None:
            options["userAgent"] = user_agent
        result = run_scenario("browser.mjs", scenario, **options)
        return Visit(result, tap.heard, site.events(), site.operations(), port)
