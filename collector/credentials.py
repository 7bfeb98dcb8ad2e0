"""What a request says of who it is: header values, body and query, before anything is looked up."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

ID_HEADERS = (b"openpanel-client-id", b"event-lens-client-id", b"mixan-client-id")
SECRET_HEADERS = (b"openpanel-client-secret", b"event-lens-client-secret", b"mixan-client-secret")
ADDRESS_HEADERS = (
    b"openpanel-client-ip",
    b"event-lens-client-ip",
    b"x-client-ip",
    b"cf-connecting-ip",
    b"true-client-ip",
    b"x-real-ip",
    b"x-forwarded-for",
)

Headers = Mapping[bytes, bytes]


def text(headers: Headers, name: bytes) -> str:
    """A header's value, empty when it is not there; bytes beyond ASCII are read as UTF-8."""
    value = headers.get(name)
    return value.decode("utf-8", "replace").strip() if value else ""


def first_text(headers: Headers, names: tuple[bytes, ...]) -> str:
    """The value of the first of `names` that is there and not empty."""
    for name in names:
        if name in headers and (found := text(headers, name)):
            return found
    return ""


def query_value(query: bytes, name: str) -> str:
    """A parameter of the query string, empty when it is not there."""
    if name.encode() not in query:
        return ""
    return dict(parse_qsl(query.decode("utf-8", "replace"))).get(name, "")
