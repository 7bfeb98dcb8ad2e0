"""Addresses of pages: taken apart, user names and passwords left out."""

from functools import lru_cache
from typing import NamedTuple

from collector.url_secrets import mask_secrets
from event_lens.contract.limits import MAX_WORD_LENGTH

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Url(NamedTuple):
    """A URL or a route. `origin` is `scheme://host[:port]`, `query` lacks the `?`, `hash` the `#`; any may be empty."""

    origin: str
    host: str
    path: str
    query: str
    hash: str

    @property
    def without_hash(self) -> str:
        return f"{self.origin}{self.path}?{self.query}" if self.query else self.origin + self.path


@lru_cache(maxsize=4096)
def split_url(text: str) -> Url:
    """Take `text` apart as browsers do, without ever failing: what has no host is a route, such as a screen's name."""
    text = text.strip()
    rest, _, fragment = text.partition("#")
    fragment = mask_secrets(fragment)
    rest, _, query = rest.partition("?")
    scheme, separator, after = rest.partition("://")
    if not separator or not _is_scheme(scheme):
        if not rest.startswith("//"):
            return Url("", "", rest, clean_query(query), fragment)
        scheme, after = "https", rest[2:]
    authority, slash, path = after.partition("/")
    scheme = scheme.lower()
    address = authority.rpartition("@")[2].lower()
    address = address.removesuffix(DEFAULT_PORTS.get(scheme, "::"))
    host = host_of(address)
    if not host or len(address) > MAX_WORD_LENGTH:
        return Url("", "", slash + path, clean_query(query), fragment)
    return Url(f"{scheme}://{address}", host, f"/{path}", clean_query(query), fragment)


def clean_query(query: str) -> str:
    """The query as it may be stored: the one place that decides what of it is kept."""
    return mask_secrets(query.removeprefix("?"))


def host_of(address: str) -> str:
    """The host of `host[:port]`, in lower case and punycode, without a final dot; IPv6 keeps its brackets."""
    host = address.lower()
    if not host.endswith("]"):
        name, colon, port = host.rpartition(":")
        if colon and (port.isdecimal() or not port):
            host = name
    host = host.removesuffix(".")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _is_scheme(text: str) -> bool:
    return bool(text) and text[0].isalpha() and text.isascii() and text.replace("-", "").replace("+", "").isalnum()
