"""A `multipart/form-data` body: parameters that are too long for a URL, and external tables."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from multipart import MultipartError, MultipartSegment, PushMultipartParser  # type: ignore[import-untyped]

from event_lens.warehouse.embedded.failure import BAD_ARGUMENTS, QUERY_IS_TOO_LARGE, StatementError, failure
from event_lens.warehouse.embedded.held import Held

_BOUNDARY = re.compile(r'^multipart/form-data\s*;.*\bboundary=(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_MOST_BYTES = 1 << 28
_MOST_FIELD_BYTES = 1 << 26
_MOST_PARTS = 1000


@dataclass
class Form:
    """The text fields of a form, and its files by name."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, Held] = field(default_factory=dict)

    def close(self) -> None:
        """Let go of the files."""
        for held in self.files.values():
            held.close()


def is_form(headers: dict[str, str]) -> bool:
    return headers.get("content-type", "").lower().startswith("multipart/")


async def read_form(content_type: str, body: AsyncIterator[bytes], folder: Path) -> Form:
    """The form in `body`; large files wait in `folder`. Raises `StatementError` for what is no form or too large."""
    found = _BOUNDARY.match(content_type)
    if found is None:
        raise _unreadable("it is not multipart/form-data with a boundary")
    form = Form()
    reading = _Reading(form, folder)
    try:
        with PushMultipartParser(found[1] or found[2], max_segment_count=_MOST_PARTS) as parser:
            async for piece in body:
                for event in parser.parse(piece):
                    reading.take(event)
    except BaseException as error:
        form.close()
        if isinstance(error, MultipartError):
            raise _unreadable(str(error)) from error
        raise
    return form


class _Reading:
    """Sorts the parser's events: the head of a part, its bytes, its end."""

    def __init__(self, form: Form, folder: Path) -> None:
        self._form = form
        self._folder = folder
        self._name = ""
        self._text = bytearray()
        self._file: Held | None = None
        self._size = 0

    def take(self, event: MultipartSegment | bytes | None) -> None:
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is not None:
            self._add(bytes(event))
        elif self._file is None:
            self._form.fields[self._name] = self._text.decode(errors="surrogateescape")

    def _begin(self, part: MultipartSegment) -> None:
        self._name, self._text, self._file = part.name, bytearray(), None
        if part.filename is not None:
            if self._name in self._form.files:
                raise _unreadable(f"{self._name!r} comes twice")
            self._file = self._form.files[self._name] = Held(self._folder)

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > _MOST_BYTES or len(self._text) > _MOST_FIELD_BYTES:
            raise failure(QUERY_IS_TOO_LARGE, "QUERY_IS_TOO_LARGE", f"A form holds {_MOST_BYTES >> 20} MiB at most.")
        if self._file is not None:
            self._file.append(piece)
        else:
            self._text += piece


def _unreadable(cause: str) -> StatementError:
    return failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"The form cannot be read: {cause}.")
