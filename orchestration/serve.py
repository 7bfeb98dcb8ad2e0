"""Dagster's web interface and its daemon: the commands of their processes."""

import sys
from pathlib import Path

from event_lens.settings import Settings

DEFINITIONS = "orchestration.definitions"


def dagster_commands(settings: Settings) -> dict[str, list[str]]:
    """The processes by name: the page on loopback, and the daemon that runs sensors, schedules and the queue."""
    return {
        "dagster": [sys.executable, "-m", "orchestration.webserver"],
        "daemon": [_beside_python("dagster-daemon"), "run", "-m", DEFINITIONS, "--log-level", "warning"],
    }


def _beside_python(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
