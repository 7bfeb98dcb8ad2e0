"""Dagster's web interface and daemon, on loopback."""

import os
import sys
from typing import NoReturn

from event_lens.settings import Settings
from orchestration.instance import prepare_dagster_home


def serve(settings: Settings) -> NoReturn:
    """Becomes `dagster dev` over our definitions, until that is stopped."""
    environ = {**os.environ, "DAGSTER_HOME": str(prepare_dagster_home(settings))}
    command = [sys.executable, "-m", "dagster", "dev", "-m", "orchestration.definitions", "-h", "127.0.0.1"]
    os.execve(sys.executable, [*command, "-p", str(settings.dagster_port)], environ)
