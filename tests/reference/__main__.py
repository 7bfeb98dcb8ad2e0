"""A million made-up events against the reference; `python -m tests.reference` exits with 1 when a row differs."""

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.conftest import EmbeddedServer
from tests.reference.made_up import Held, hold

VISITS, DAYS = 160_000, 150

console = Console(width=120)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="eventlens-reference-") as folder:
        server = EmbeddedServer(Path(folder) / "home")
        try:
            found = list(hold(server.wait().url, Path(folder) / "dbt", VISITS, DAYS, console.print))
        finally:
            server.stop()
    _show(found)
    return int(any(held.comparison.differences or held.wrong_sums for held in found))


def _show(found: list[Held]) -> None:
    table = Table("table", "built", "rows compared", "projects that differ", title="lens against the reference")
    for held in found:
        different = len(held.comparison.differences) + len(held.wrong_sums)
        table.add_row(held.comparison.table, held.stage, f"{held.comparison.rows:,}", f"{different or 'none'}")
    table.add_row("all", "", f"{sum(held.comparison.rows for held in found):,}", "")
    console.print(table)
    for held in found:
        if held.comparison.differences or held.wrong_sums:
            console.print(held.stage, str(held.comparison), *held.wrong_sums, markup=False)


if __name__ == "__main__":
    sys.exit(main())
