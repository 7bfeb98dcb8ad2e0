"""A `multipart/form-data` body, which holds a statement and parameters that are too long for a URL."""

import re

from multipart import MultipartError, MultipartSegment, PushMultipartParser  # type: ignore[import-untyped]

from chdb_server.guard.failure import ACCESS_DENIED, BAD_ARGUMENTS, StatementError, failure

_BOUNDARY = re.compile(r'^multipart/form-data\s*;.*\bboundary=(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_MAX_PARTS = 1000


def is_form(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/")


def read_form(content_type: str, body: bytes) -> dict[str, str]:
    """Return the text fields of a form by name. Raises `StatementError` for a broken form and for a form that holds a
    file.
    """
    found = _BOUNDARY.match(content_type)
    if found is None:
        raise _unreadable("it is not multipart/form-data with a boundary")
    fields: dict[str, str] = {}
    name, text = "", bytearray()
    try:
        with PushMultipartParser(found[1] or found[2], max_segment_count=_MAX_PARTS) as parser:
            for event in parser.parse(body):
                if isinstance(event, MultipartSegment):
                    if event.filename is not None:
                        raise failure(ACCESS_DENIED, "ACCESS_DENIED", "Tables of one's own are not open to this user.")
                    name, text = event.name, bytearray()
                elif event is not None:
                    text += event
                else:
                    fields[name] = text.decode(errors="surrogateescape")
    except MultipartError as error:
        raise _unreadable(str(error)) from error
    return fields


def _unreadable(cause: str) -> StatementError:
    return failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"The form cannot be read: {cause}.")
