"""The files that dbt parses, and when one of them changed last."""

from pathlib import Path


def newest_source(root: Path) -> float:
    """Returns when the file of the dbt project in `root` that changed last did so, in seconds of the epoch."""
    sources = [root / "dbt_project.yml", *(root / "profiles").iterdir()]
    for folder in ("models", "macros", "seeds", "tests"):
        sources.extend(path for path in (root / "dbt_project" / folder).rglob("*") if path.is_file())
    return max(path.stat().st_mtime for path in sources)
