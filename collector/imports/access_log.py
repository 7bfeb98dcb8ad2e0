"""Web server logs in the combined format: requests of pages as screen views.

A page is what a GET got with 2xx or 304 (a redirect leads to the request that counts), unless its name ends like a
picture, a style, a script, a feed or a download.
"""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import BinaryIO

from collector.enrichment.context import ProjectRules, Request
from collector.enrichment.event_id import line_uuid
from collector.enrichment.row_builder import Enricher, Source
from collector.enrichment.url_redaction import mask_secrets
from collector.imports.access_log_line import LogLine, mask_addresses, read_line
from event_lens.contract.limits import MAX_USER_AGENT_LENGTH
from event_lens.contract.parse import Event, parse_track
from event_lens.contract.rejection import Rejection
from event_lens.contract.rows import EventRow, QuarantineRow, timestamp

MAX_LINE_BYTES = 65_536
REMEMBERED_SENDERS = 4096
ASSETS = frozenset((
    "7z", "apk", "atom", "avi", "avif", "bmp", "bz2", "class", "css", "csv", "deb", "dmg", "doc", "docx",
    "eot", "exe", "flac", "gif", "gz", "ico", "iso", "jar", "jpeg", "jpg", "js", "json", "less", "m4a", "m4v",
    "map", "mjs", "mov", "mp3", "mp4", "mpeg", "mpg", "msi", "ogg", "otf", "pdf", "pkg", "png", "ppt", "pptx",
    "rar", "rpm", "rss", "scss", "svg", "swf", "tar", "tgz", "tif", "tiff", "ttf", "txt", "wasm", "wav",
    "webm", "webmanifest", "webp", "wmv", "woff", "woff2", "xls", "xlsx", "xml", "xz", "yaml", "yml", "zip",
))  # fmt: skip


def import_id_of(path: Path, project_id: str, *, all_requests: bool) -> str:
    """The id of importing this file's content into this project, in this way: the same each time."""
    return _import_id(project_id, _content_hash(path), all_requests=all_requests)


def read_access_log(
    path: Path,
    project: ProjectRules,
    *,
    enricher: Enricher,
    received_at_ms: int,
    first_day: date,
    all_requests: bool = False,
    origin: str = "",
) -> Iterator[EventRow | QuarantineRow]:
    """The rows of a log, in the order of its lines and in constant memory; the same file gives the same rows again.

    Pages become `screen_view`; with `all_requests` the others become `request`, with method, status and bytes. A line
    that cannot be read becomes a row for quarantine, addresses masked. `origin` is the site's own, such as
    `https://example.com`: a log does not say it. Raises `OSError`.
    """
    content_hash = _content_hash(path)
    import_id = _import_id(project.project_id, content_hash, all_requests=all_requests)
    # One salt an import, so that a visitor stays one over all days. It is secret to who has not got the file.
    salt = blake2b(f"salt\0{project.project_id}\0{content_hash}".encode(), digest_size=32).hexdigest()

    @lru_cache(maxsize=REMEMBERED_SENDERS)
    def source_of(address: str, user_agent: str) -> Source:
        return enricher.source(
            Request(
                project=project,
                received_at_ms=received_at_ms,
                salts={date.min: salt},
                first_day=first_day,
                address=address,
                user_agent=user_agent,
                origin=origin,
                import_id=import_id,
            )
        )

    with path.open("rb") as file:
        for number, raw in _lines(file):
            text = raw.decode("utf-8", "replace").rstrip("\r\n")
            line = read_line(text) if len(raw) < MAX_LINE_BYTES else None
            try:
                if line is None:
                    raise Rejection(
                        f"Line {number} is not in the combined log format, or it is cut off.",
                        code="log_line_unreadable",
                    )
                if not (all_requests or is_page(line)):
                    continue
                row = source_of(line.address, line.user_agent).event_row(_event(line))
                row.event_id = line_uuid(content_hash, number)
                yield row
            except Rejection as error:
                yield QuarantineRow(
                    project_id=project.project_id,
                    received_at=timestamp(received_at_ms),
                    code=error.code,
                    message=error.message,
                    user_agent=line.user_agent[:MAX_USER_AGENT_LENGTH] if line else "",
                    body=mask_secrets(mask_addresses(text)),
                    body_length=len(raw),
                    body_hash=blake2b(f"{content_hash}\0{number}".encode(), digest_size=16).hexdigest(),
                    line_number=number,
                    import_id=import_id,
                )


def is_page(line: LogLine) -> bool:
    """Whether the line is a view of a page."""
    if line.method != "GET" or not (200 <= line.status < 300 or line.status == 304):
        return False
    name = line.target.partition("?")[0].rpartition("/")[2]
    return "." not in name or name.rpartition(".")[2].lower() not in ASSETS


def _event(line: LogLine) -> Event:
    # A target such as //admin is a path here, though in a page it would name a host.
    path = f"/{line.target.lstrip('/')}" if line.target.startswith("/") else line.target
    payload = {"name": "screen_view", "timestamp": line.at_ms, "path": path, "referrer": line.referrer}
    if not is_page(line):
        payload["name"] = "request"
        payload["properties"] = {"method": line.method, "status": line.status, "bytes": line.size}
    return parse_track(payload)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers from 1; of a line that is too long only its beginning."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES):
        number += 1
        more = raw
        while len(more) == MAX_LINE_BYTES and not more.endswith(b"\n"):
            more = file.readline(MAX_LINE_BYTES)
        if raw.strip():
            yield number, raw


def _content_hash(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _import_id(project_id: str, content_hash: str, *, all_requests: bool) -> str:
    return blake2b(f"{project_id}\0{content_hash}\0{all_requests}".encode(), digest_size=8).hexdigest()
