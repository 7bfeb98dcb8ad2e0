"""The published JavaScript client, run unmodified in node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

NODE = Path(__file__).parent / "node"
WITHIN_SECONDS = 90


def need_node() -> None:
    """Skips, and says why, where node or the client's package is missing."""
    if shutil.which("node") is None:
        pytest.skip("node is missing; Debian's package is nodejs")
    if not (NODE / "node_modules" / ".package-lock.json").exists():
        pytest.skip("@clickhouse/client is missing; `make test` installs it where there is npm")


def run_scenario(url: str, scenario: str, **options: Any) -> Any:
    """What a scenario of `node/scenarios.mjs` returns."""
    parts = urlsplit(url)
    where = {"url": f"{parts.scheme}://{parts.hostname}:{parts.port}"}
    who = {"username": parts.username or "default", "password": parts.password or ""}
    done = subprocess.run(
        ["node", "drive.mjs", scenario, json.dumps(where | who | options)],
        cwd=NODE,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{scenario}:\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)
