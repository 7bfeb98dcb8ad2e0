"""A visit of a real Chromium to the shop, and what came of it."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.sdks.client_process import NODE, need_node, run_scenario
from tests.sdks.proxy import Heard, tapped
from tests.sdks.shop import shop
from tests.sdks.site import HOST, Site

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"


def find_chromium(folder: Path = NODE) -> str:
    """The browser's path. Skips, and says why, where it, node or the packages of `folder` are missing."""
    need_node(folder)
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
        options: dict[str, Any] = {
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
