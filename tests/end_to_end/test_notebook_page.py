"""JupyterLab as `eventlens notebook` opens it, in a real Chromium: its first notebook runs and draws."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.running import House
from tests.end_to_end.site import Site
from tests.ports import free_port
from tests.sdks.browser_visit import find_chromium
from tests.sdks.client_process import run_scenario

NODE = Path(__file__).resolve().parents[1] / "unit" / "node"
PICTURES = 4


@pytest.fixture
def address(house: House, site: Site) -> Iterator[str]:
    """Where JupyterLab says it is, with its token."""
    command = [sys.executable, "-m", "cli.main", "notebook", "--no-browser", "--project", site.project]
    command += ["--port", str(free_port())]
    environ = house.environ | {"LENS_RANGE": "5y", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as lab:
        assert lab.stdout is not None
        try:
            found = (re.search(r"http://127\.0\.0\.1:\d+/\S*token=\S+", line) for line in lab.stdout)
            yield next(match[0] for match in found if match)
        finally:
            lab.terminate()


def test_the_first_notebook_runs_and_draws(address: str) -> None:
    seen = run_scenario(
        str(NODE / "analyst.mjs"),
        "notebook",
        folder=NODE,
        executable=find_chromium(NODE),
        address=address,
        pictures=PICTURES,
    )
    assert (seen["drawn"], seen["failed"]) == (PICTURES, [])
