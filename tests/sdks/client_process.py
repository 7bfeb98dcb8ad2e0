"""The published JavaScript clients, run unmodified in node."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE = Path(__file__).parent / "node"
WITHIN_SECONDS = 120


def need_node(folder: Path = NODE) -> None:
    """Skips, and says why, where node or the packages of `folder` are missing."""
    if shutil.which("node") is None:
        pytest.skip("node is missing; Debian's package is nodejs")
    if not (folder / "node_modules" / ".package-lock.json").exists():
        pytest.skip("the clients' packages are missing; `make test` installs them where there is npm")


def run_scenario(module: str, scenario: str, *, folder: Path = NODE, **options: Any) -> Any:
    """What a scenario of `folder/MODULE` returns, after its process has ended, so that all it sends is answered."""
    process = subprocess.Popen(
        ["node", NODE / "drive.mjs", module, scenario, json.dumps(options)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, complained = process.communicate(timeout=WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        # The client's browser too, which would hold the pipes open.
        os.killpg(process.pid, signal.SIGKILL)
        said, complained = process.communicate()
    assert process.returncode == 0, f"{module} {scenario}:\n{said}\n{complained}"
    return json.loads(said)
