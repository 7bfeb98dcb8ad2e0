"""The published JavaScript clients, run unmodified in node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE = Path(__file__).parent / "node"
WITHIN_SECONDS = 60


def need_node() -> None:
    """Skips, and says why, where node or the clients' packages are missing."""
    if shutil.which("node") is None:
        pytest.skip("node is missing; Debian's package is nodejs")
    if not (NODE / "node_modules" / ".package-lock.json").exists():
        pytest.skip("the clients' packages are missing; `make test` installs them where there is npm")


def run_scenario(module: str, scenario: str, **options: Any) -> Any:
    """What a scenario of `node/MODULE` returns, after its process has ended: all that it sends is answered by then."""
    done = subprocess.run(
        ["node", "drive.mjs", module, scenario, json.dumps(options)],
        cwd=NODE,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{module} {scenario}:\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)
