"""Source `access-log`: logs of web servers. Requests of pages become screen views; the format is detected from the
lines.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from collector.imports.event_frame import Chunk, conform_events, unreadable_frame
from collector.imports.log_alb import LoadBalancerLog
from collector.imports.log_clf import CommonLog
from collector.imports.log_json import KEYS, JsonLog
from collector.imports.log_requests import LogFormat, page_url, why_left_out
from collector.imports.log_w3c import W3cLog
from collector.imports.masking import shown_line
from collector.imports.sources import Options
from collector.imports.text_lines import MAX_LINE_BYTES, read_blocks
from event_lens.errors import Refused

FORMATS: dict[str, Callable[[], LogFormat]] = {
    format.name: format for format in (CommonLog, JsonLog, W3cLog, LoadBalancerLog)
}
PROBED_LINES = 1_000
MAX_SHOWN = 200
UNREADABLE = "log_line_unreadable"


def read(path: Path, options: Options) -> Iterator[Chunk]:
    """Yield the events of a log. Raises `Refused` for a file in which nothing can be read.

    A page is the target of a GET with status 2xx or 304 (a redirect leads to the request that counts), unless its name
    ends like a picture, a style, a script, a feed or a download. With `all_requests` all other requests are events
    named `request`.
    """
    reader = LogReader(path, options)
    for block in read_blocks(path):
        yield reader.chunk(block.lines, block.bytes_read)
    reader.check()


class LogReader:
    """Reads the lines of one log, which may grow."""

    def __init__(self, path: Path, options: Options) -> None:
        self._path = path
        self._format = _named(options.format) if options.format else None
        self._all_requests = options.all_requests
        self._notes: pl.DataFrame | None = None
        self._first: pl.DataFrame | None = None
        self._first_unread: pl.DataFrame | None = None
        self._has_read = self._has_request = False

    def chunk(self, lines: pl.DataFrame, bytes_read: int) -> Chunk:
        count = lines.height
        lines = self._with_notes(lines)
        if self._first is None and lines.height:
            self._first = lines.head(1)
        is_whole = lines["line"].str.len_bytes() <= MAX_LINE_BYTES
        requests = (self._format or CommonLog()).read(lines.filter(is_whole))
        requests = requests.filter(~(pl.col("at").is_null() & pl.col("line").str.starts_with("#")))
        is_read = requests["at"].is_not_null()
        unread = pl.concat([requests.filter(~is_read).select("number", "line"), lines.filter(~is_whole)])
        self._has_read = self._has_read or bool(is_read.any())
        self._has_request = self._has_request or requests["method"].count() > 0
        if self._first_unread is None and unread.height:
            self._first_unread = unread.head(1)
        requests = requests.filter(is_read).with_columns(why_left_out().alias("why"))
        counts = requests["why"].drop_nulls().value_counts()
        kept = requests if self._all_requests else requests.filter(pl.col("why").is_null())
        return Chunk(
            events=_events(kept),
            unreadable=unreadable_frame(unread, UNREADABLE, "The line is not in the log's format, or it is cut off."),
            line_count=count,
            bytes_read=bytes_read,
            left_out={} if self._all_requests else dict(counts.iter_rows()),
        )

    def _with_notes(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Prepend held-back comment lines (`#Fields:`) and detect the format; return no lines until one is found."""
        if self._notes is not None:
            lines = pl.concat([self._notes, lines])
        if self._format is None and not lines["line"].str.starts_with("#").all():
            self._format = found_format(lines.head(PROBED_LINES), self._path)
        self._notes = lines if self._format is None else None
        return lines.clear() if self._format is None else lines

    def check(self) -> None:
        """Raise `Refused` when nothing of the log could be read."""
        if self._first_unread is not None and not self._has_read:
            raise _unreadable(self._path, self._first_unread)
        if isinstance(self._format, JsonLog) and self._first is not None and not self._has_request:
            shown = shown_line(self._first["line"][0], MAX_SHOWN)
            raise Refused(
                f"None of the objects of {self._path} is a request: {', '.join(KEYS['method'])} or "
                f"{', '.join(KEYS['request'])} would name one. Line 1 is: {shown}",
                code="import_unreadable",
            )


def found_format(lines: pl.DataFrame, path: Path) -> LogFormat:
    """Return a reader of the format that fits most of `lines`. Raises `Refused` when no format fits any line."""
    best, most = None, 0
    for make in FORMATS.values():
        read = make().read(lines)["at"].count()
        if read > most:
            best, most = make, read
    if best is None:
        raise _unreadable(path, lines)
    return best()


def _named(name: str) -> LogFormat:
    if name not in FORMATS:
        raise Refused(f"There is no log format {name!r}; there are {', '.join(FORMATS)}.", code="log_format_unknown")
    return FORMATS[name]()


def _events(requests: pl.DataFrame) -> pl.DataFrame:
    is_page = pl.col("why").is_null()
    about = pl.struct("method", "status", pl.col("size").fill_null(0).alias("bytes")).struct.json_encode()
    return conform_events(
        requests.with_columns(
            pl.when(is_page).then(pl.lit("screen_view")).otherwise(pl.lit("request")).alias("name"),
            page_url().alias("path"),
            pl.when(~is_page).then(about).alias("properties"),
            pl.col("line").str.strip_chars().alias("content"),
        )
    )


def _unreadable(path: Path, lines: pl.DataFrame) -> Refused:
    number, line = lines.row(0)
    return Refused(
        f"Nothing of {path} can be read as a log. Line {number} is: {shown_line(line, MAX_SHOWN)} - "
        f"if it is a log, name its format with --format ({', '.join(FORMATS)}).",
        code="import_unreadable",
    )
