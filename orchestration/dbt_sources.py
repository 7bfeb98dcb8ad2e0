"""The files that dbt parses, and the time at which the newest of them changed."""

import os
from collections.abc import Iterator
from pathlib import Path


def newest_source(root: Path) -> float:
    """Return when a file of the dbt project in `root` last changed, in epoch seconds. It is asked every few seconds."""
    folders = [root / "profiles", *(root / "dbt_project" / name for name in ("models", "macros", "seeds", "tests"))]
    changed = (time for folder in folders for time in _times(folder))
    return max((root / "dbt_project.yml").stat().st_mtime, *changed)


def _times(folder: str | Path) -> Iterator[float]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _times(entry.path)
            else:
                yield entry.stat().st_mtime
