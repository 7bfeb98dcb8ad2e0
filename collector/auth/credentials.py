"""The credentials that a request names in headers, body and query, before anything is looked up."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from event_lens.contract.headers import CLIENT_PREFIXES

ID_HEADERS = tuple(f"{prefix}-id".encode() for prefix in CLIENT_PREFIXES)
SECRET_HEADERS = tuple(f"{prefix}-secret".encode() for prefix in CLIENT_PREFIXES)
# Headers in which an application's server names its visitor, and headers in which proxies name their client.
CLIENT_IP_HEADERS = (b"openpanel-client-ip", b"event-lens-client-ip", b"x-client-ip")
PROXY_IP_HEADERS = (b"cf-connecting-ip", b"true-client-ip", b"x-real-ip")

Headers = Mapping[bytes, bytes]

# Inside a JSON text the quotes would be escaped, so a match is a key of an object.
IN_BODY = re.compile(rb'"(clientId|clientSecret)"\s*:\s*"([A-Za-z0-9_-]{1,255})"')


def text(headers: Headers, name: bytes) -> str:
    """Return a header's value, empty when the header is missing; bytes beyond ASCII are read as UTF-8."""
    value = headers.get(name)
    return value.decode("utf-8", "replace").strip() if value else ""


def first_text(headers: Headers, names: tuple[bytes, ...]) -> str:
    """Return the first value that is present and not empty among the headers `names`; empty text when there is none."""
    for name in names:
        if name in headers and (found := text(headers, name)):
            return found
    return ""


def query_value(query: bytes, name: str) -> str:
    """Return a parameter of the query string; empty when it is missing."""
    if name.encode() not in query:
        return ""
    return dict(parse_qsl(query.decode("utf-8", "replace"))).get(name, "")


def credentials_in(body: bytes) -> tuple[str, str]:
    """Return the first client id and the first secret in a body that cannot be decoded; each is empty when the body has
    none.

    So a malformed body of a known sender goes to quarantine under the sender's own project.
    """
    found: dict[bytes, str] = {}
    for name, value in IN_BODY.findall(body):
        found.setdefault(name, value.decode())
    return found.get(b"clientId", ""), found.get(b"clientSecret", "")
