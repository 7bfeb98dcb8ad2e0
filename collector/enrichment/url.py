"""Addresses of pages: parsed, in one canonical form per page, without user names and passwords."""

import re
import string
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from collector.enrichment.url_redaction import mask_secrets
from event_lens.contract.host import ascii_host
from event_lens.contract.limits import MAX_TEXT_LENGTH, MAX_URL_LENGTH, MAX_WORD_LENGTH

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_PORT = 65_535
MAX_READ = MAX_URL_LENGTH  # escapes are resolved before a part is cut
MAX_KNOWN = 1_024  # characters; longer addresses hardly repeat, and would fill the cache
MAX_ROUNDS = 4
DROPPED = str.maketrans("", "", "\t\r\n")  # browsers drop them anywhere in a URL
UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")

# As browsers parse them: any number of slashes or backslashes.
_WEB = re.compile(r"(?:(https?):[/\\]*|[/\\]{2,})", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
# Code, content or a mailbox follows these schemes, and not an address.
_OPAQUE = re.compile(r"(javascript|vbscript|mailto|blob|view-source|data(?=:[^\s,]*,)):(?!\s)", re.IGNORECASE)
_ADDRESS = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[^:\[\]]+)(?::([0-9]{0,5}))?")
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]")
_OWN_USER = re.compile(r"[^ /?#:]*:[^ /?#]*@")
# In an address within an address, plain or escaped.
_NESTED_USER = re.compile(
    r"(://|%3A%2F%2F)(?:(?!%2F|%3F|%23|%26|%3A)[^ /?#:&])*(?::|%3A)(?:(?!%2F|%3F|%23|%26)[^ /?#&])*(?:@|%40)"
)
# An escape that would complete the remains of another one is left alone: `%%341` must not become `%41`.
_ESCAPES = re.compile(r"(?<!%)(?<!%[0-9A-Fa-f])(?:%[0-9A-Fa-f]{2})+")


class Url(NamedTuple):
    """A URL or a route. `origin` is `scheme://host[:port]`, `query` lacks the `?`, `hash` the `#`; any may be empty.

    The host is lower case and punycode. In the other parts letters of all scripts are unescaped and characters with a
    meaning in URLs stay escaped: `/%ED%95%9C` and `/한` are one path, `/a%2Fb` and `/a/b` are two.
    """

    origin: str
    host: str
    path: str
    query: str
    hash: str

    @property
    def without_hash(self) -> str:
        return f"{self.origin}{self.path}?{self.query}" if self.query else self.origin + self.path


def split_url(text: str) -> Url:
    """Split `text` as browsers do; it never fails. A text without a host is a route, such as the name of a screen."""
    return _split_once(text) if len(text) < MAX_KNOWN else _split(text)


def _split(text: str) -> Url:
    text = _start(text)
    opaque = _OPAQUE.match(text)
    if opaque:
        return Url("", "", f"{opaque[1].lower()}:", "", "")
    rest, _, fragment = text.partition("#")
    rest, _, query = rest.partition("?")
    query, fragment = clean_query(query), _clean(fragment)
    web = _WEB.match(rest)
    scheme = web or _SCHEME.match(rest)
    if not scheme:
        url = Url("", "", _clean_route(rest), query, fragment)
        # Escapes can hide a scheme: `%6Aavascript:` or, with a sign that is escaped only now, `javascript:\x1f`.
        return _split(f"{url.without_hash}#{fragment}") if _has_scheme(url.path) else url
    after = rest[scheme.end() :]
    authority, _, path = (after.replace("\\", "/") if web else after).partition("/")
    name = (scheme[1] or "https").lower()
    address, host = _address(authority.rpartition("@")[2], name)
    if not host:  # slashes at the beginning of such a path would make its first piece a host
        path = path.lstrip("/\\")
        return Url("", "", _clean_path(f"/{path}") if path else "", query, fragment)
    return Url(f"{name}://{address}", host, _clean_path(f"/{path}"), query, fragment)


_split_once = lru_cache(maxsize=4096)(_split)


def clean_query(query: str) -> str:
    """Return the query in its storable form. Only this function decides which parts of a query are stored."""
    return _clean(query.lstrip("?"))


def with_hash_route(url: Url) -> Url:
    """Return `url` with the path and the query that its hash holds (`#/about`, `#!/about?a=1`); unchanged if the
    hash holds none.
    """
    route = url.hash.removeprefix("!")
    if not route.startswith("/"):
        return url
    path, _, query = route.partition("?")
    queries = "&".join(each for each in (url.query, query) if each)
    path = url.path.rstrip("/") + path
    return url._replace(path=path[:MAX_TEXT_LENGTH], query=queries[:MAX_TEXT_LENGTH], hash="")


def whole_query(text: str) -> str:
    """Return the query of a URL as `split_url` does, but uncut. It must only be inspected, not stored."""
    query = _start(text).partition("#")[0].partition("?")[2]
    return _clean(query.lstrip("?"), MAX_READ)


def host_of(address: str) -> str:
    """Return the host of `host[:port]`, in lower case and punycode, without a final dot; empty for text that cannot
    be a host.

    IPv6 keeps its brackets.
    """
    return _address(address, "")[1]


def readable(text: str) -> str:
    """Return `text` with the escapes of letters and digits of all scripts resolved, all other escapes in capitals.

    Unprintable characters are escaped. Idempotent.
    """
    if "%" in text:
        text = _ESCAPES.sub(_resolved, text)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _escaped(char, "replace") for char in text)
    return text


def _start(text: str) -> str:
    """Return `text` without the characters that browsers drop, and without user name and password at its start."""
    text = text[:MAX_READ].strip()
    if not text.isprintable():
        text = text.translate(DROPPED)
    return _without_own_user(text)


def _clean(text: str, longest: int = MAX_TEXT_LENGTH) -> str:
    return _without_secrets(readable(text).replace(" ", "%20"))[:longest] if text else ""


def _clean_path(path: str) -> str:
    if not path.isascii() or "%" in path:
        # A letter and its accent may come as one sign or as two; macOS writes names with two.
        path = readable(unicodedata.normalize("NFC", readable(path)))
    elif not path.isprintable():
        path = readable(path)
    return _without_secrets(path.replace(" ", "%20"))[:MAX_TEXT_LENGTH]


def _clean_route(route: str) -> str:
    """Return a route cleaned like a path; the name of an application's screen keeps its spaces."""
    if route.startswith("/"):
        return _clean_path(route)
    route = readable(unicodedata.normalize("NFC", readable(route)))
    return _without_own_user(_without_secrets(route))[:MAX_TEXT_LENGTH].strip()


def _has_scheme(text: str) -> bool:
    return bool(_OPAQUE.match(text) or _WEB.match(text) or _SCHEME.match(text))


def _without_own_user(text: str) -> str:
    if "@" in text:
        while not _has_scheme(text) and (user := _OWN_USER.match(text)):
            text = text[user.end() :].lstrip()
    return text


def _without_secrets(text: str) -> str:
    """Return `text` without user names, passwords and other secrets. Masking is repeated, since a masked secret can
    reveal another one.
    """
    for _ in range(MAX_ROUNDS):
        before = text
        if "@" in text or "%40" in text:
            text = _NESTED_USER.sub(r"\1", text)
        text = mask_secrets(text)
        if text == before:
            break
    return text


def _resolved(escapes: re.Match[str]) -> str:
    raw = bytes.fromhex(escapes[0].replace("%", ""))
    return "".join(
        char if char in UNRESERVED or (char > "\x7f" and char.isprintable()) else _escaped(char, "surrogateescape")
        for char in raw.decode("utf-8", "surrogateescape")
    )


def _escaped(char: str, errors: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", errors))


@lru_cache(maxsize=4096)
def _address(text: str, scheme: str) -> tuple[str, str]:
    """Return `host[:port]` without the scheme's own port, and the host; both are empty for text that is not an
    address.
    """
    found = _ADDRESS.fullmatch(readable(text[:MAX_WORD_LENGTH]).lower()) if len(text) <= MAX_WORD_LENGTH else None
    if not found:
        return "", ""
    try:
        host = ascii_host(found[1]).removesuffix(".")
    except ValueError:
        return "", ""
    port = int(found[2] or 0)
    if not _HOST.fullmatch(host) or port > MAX_PORT:
        return "", ""
    return (f"{host}:{port}" if port and port != DEFAULT_PORTS.get(scheme) else host), host
