"""The files that dbt parses, and the time at which the newest of them changed."""

from pathlib import Path


def newest_source(root: Path) -> float:
    """Return when a file of the dbt project in `root` last changed, in epoch seconds."""
    sources = [root / "dbt_project.yml", *(root / "profiles").iterdir()]
    for folder in ("models", "macros", "seeds", "tests"):
        sources.extend(path for path in (root / "dbt_project" / folder).rglob("*") if path.is_file())
    return max(path.stat().st_mtime for path in sources)
