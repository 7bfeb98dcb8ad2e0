"""The sources that can be imported: one module each, loaded when it is asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from event_lens.errors import Refused

if TYPE_CHECKING:  # its frames take a while to load
    from collector.imports.event_frame import Chunk


@dataclass(frozen=True)
class Options:
    """Options for reading files; each source uses some of them."""

    format: str = ""
    all_requests: bool = False
    mapping: Path | None = None
    timezone: str = "UTC"


@dataclass(frozen=True)
class Source:
    """`module` has `read(path, options)`, which yields chunks. `has_ids`: the content of an event is the id that the
    source gave it.
    """

    name: str
    about: str
    module: str
    has_ids: bool = True
    is_log: bool = False

    @property
    def read(self) -> Callable[[Path, Options], Iterator["Chunk"]]:
        read: Callable[[Path, Options], Iterator[Chunk]] = import_module(self.module).read
        return read


SOURCES = {
    source.name: source
    for source in (
        Source(
            "access-log",
            "A web server's access log: common, combined, nginx, Caddy, Traefik, CloudFront, IIS, ALB.",
            "collector.imports.access_log",
            has_ids=False,
            is_log=True,
        ),
        Source(
            "table",
            "A CSV, JSON or Parquet file of your own, by a mapping file.",
            "collector.imports.table",
            has_ids=False,
        ),
        Source("umami", "Umami's table website_event: CSV, JSON or Parquet.", "collector.imports.umami"),
        Source(
            "plausible",
            "Plausible's table events_v2 (community edition): CSV, JSON or Parquet.",
            "collector.imports.plausible",
            has_ids=False,
        ),
        Source("openpanel", "OpenPanel's export API or table of events.", "collector.imports.openpanel"),
        Source(
            "ga4", "Google Analytics 4, BigQuery's events_*: JSON or Parquet.", "collector.imports.ga4", has_ids=False
        ),
        Source("matomo", "Matomo's visits: Live.getLastVisitsDetails in JSON.", "collector.imports.matomo"),
        Source("segment", "Calls of Segment or RudderStack, JSON a line.", "collector.imports.segment"),
        Source("posthog", "PostHog's events: JSON, CSV or Parquet.", "collector.imports.posthog"),
    )
}


def find_source(name: str) -> Source:
    """Return the source called `name`. Raises `Refused` (`import_source_unknown`)."""
    if name not in SOURCES:
        raise Refused(f"There is no source {name!r}; there are {', '.join(SOURCES)}.", code="import_source_unknown")
    return SOURCES[name]
