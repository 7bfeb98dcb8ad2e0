"""Writes `data/crawlers.csv` from the package `crawler-user-agents`; `make lists` installs its newest version."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from crawleruseragents import CRAWLER_USER_AGENTS_DATA as ENTRIES

CRAWLERS = Path(__file__).parent / "data" / "crawlers.csv"
PACKAGE = "crawler-user-agents"
# The kind of an entry is that of its first tag in this table; entries without such a tag are crawlers.
KINDS = {"feed-reader": "feed", "social-preview": "preview", "http-library": "library"}


def crawler_rows() -> Iterator[tuple[str, str]]:
    """Yield the kind and the pattern of each entry, in the package's order."""
    for entry in ENTRIES:
        kinds = (KINDS[tag] for tag in KINDS if tag in entry.get("tags", ()))
        yield next(kinds, "crawler"), str(entry["pattern"])


def write_crawlers(path: Path = CRAWLERS) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(
            f"# {PACKAGE} {version(PACKAGE)}, MIT licence, written on {datetime.now(UTC).date()} by `make lists`\n"
        )
        csv.writer(file, lineterminator="\n").writerows([("kind", "pattern"), *crawler_rows()])


if __name__ == "__main__":
    write_crawlers()
