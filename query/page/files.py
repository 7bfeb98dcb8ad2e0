"""The files of the page, which are read once and held both plain and gzipped."""

import gzip
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "files"
CONTENT_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


@dataclass(frozen=True)
class PageFile:
    """One file; `packed` is its gzipped content, and `tag` the ETag of both."""

    content: bytes
    packed: bytes
    content_type: str
    tag: str


def read_page_files() -> dict[str, PageFile]:
    """Return every file by its path within the page, such as `main.js`. Other files are not served."""
    paths = (path for path in FOLDER.rglob("*") if path.suffix in CONTENT_TYPES)
    return {path.relative_to(FOLDER).as_posix(): _read(path) for path in paths}


def _read(path: Path) -> PageFile:
    content = path.read_bytes()
    return PageFile(
        content=content,
        packed=gzip.compress(content, mtime=0),
        content_type=CONTENT_TYPES[path.suffix],
        tag=f'W/"{sha256(content).hexdigest()[:32]}"',
    )
