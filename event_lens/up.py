"""`eventlens up`: every part as a process of its own under honcho, in one terminal."""

import os
import sys

from honcho.manager import Manager

from event_lens.settings import Settings
from event_lens.terminal import console, show_table

PARTS = ("warehouse", "collector", "query", "dagster")


def serve_all(settings: Settings) -> int:
    """Serves until Ctrl-C or until a part ends, which ends the others. Returns the exit code; blocks."""
    parts = [part for part in PARTS if part != "warehouse" or settings.is_embedded]
    show_table(
        f"Event Lens, home {settings.home}",
        ("part", "address"),
        [
            ("warehouse (SQL)", f"http://127.0.0.1:{settings.warehouse_port}" if settings.is_embedded else "external"),
            ("collector", f"http://127.0.0.1:{settings.collector_port}"),
            ("query API", f"http://127.0.0.1:{settings.query_port}/schema"),
            ("Dagster", f"http://127.0.0.1:{settings.dagster_port}"),
        ],
    )
    console.print("Ctrl-C stops everything.")
    manager = Manager()
    for part in parts:
        manager.add_process(part, f"exec {sys.executable} -m event_lens.cli {part}", env=dict(os.environ), quiet=False)
    manager.loop()
    # 130 and 143 are Ctrl-C and SIGTERM: the way to stop.
    return 0 if manager.returncode in (130, 143) else int(manager.returncode or 0)
