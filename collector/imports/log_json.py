"""Logs of one JSON object per line: Caddy's, Traefik's, and nginx's with custom names for its variables."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import polars as pl

from collector.imports.log_clf import TIMES, CommonLog, epoch_ms, with_request_line
from collector.imports.log_requests import NO_AGENT, NOTHING, conform_requests
from collector.imports.times import SMALLEST_EPOCH_US, epoch_ms_of_column, epoch_ms_of_value

# Keys in lower case, with _ in place of -, . and nesting; the first present key counts.
KEYS = {
    "at": (
        "time_iso8601", "starttimelocal", "startutc", "time_local", "edgestarttimestamp", "@timestamp", "timestamp",
        "msec", "ts", "time",
    ),
    "address": (
        "client_ip", "clientip", "clienthost", "remote_addr", "remote_ip", "client", "clientaddr", "ip", "source_ip",
        "httprequest_remoteip", "proxy_clientip",
    ),
    "request": ("request_line", "request"),
    "method": (
        "request_method", "requestmethod", "method", "verb", "clientrequestmethod", "http_request_method",
        "httprequest_requestmethod", "proxy_method",
    ),
    "target": (
        "request_uri", "requestpath", "uri", "url", "path", "target", "clientrequesturi", "url_original", "url_path",
        "httprequest_requesturl", "proxy_path",
    ),
    "query": ("url_query",),
    "host": (
        "http_host", "requesthost", "host", "server_name", "vhost", "clientrequesthost", "url_domain", "proxy_host",
    ),
    "status": (
        "status", "downstreamstatus", "status_code", "response_status", "code", "edgeresponsestatus",
        "http_response_status_code", "httprequest_status", "proxy_statuscode",
    ),
    "size": (
        "body_bytes_sent", "downstreamcontentsize", "bytes_sent", "size", "bytes", "edgeresponsebytes",
        "http_response_body_bytes", "httprequest_responsesize",
    ),
    "referrer": (
        "http_referrer", "http_referer", "request_referer", "referrer", "referer", "clientrequestreferer",
        "http_request_referrer", "httprequest_referer", "proxy_referer",
    ),
    "forwarded": ("http_x_forwarded_for", "x_forwarded_for", "request_x_forwarded_for"),
    "user_agent": (
        "http_user_agent", "request_user_agent", "user_agent", "useragent", "agent", "clientrequestuseragent",
        "user_agent_original", "httprequest_useragent", "proxy_useragent",
    ),
}  # fmt: skip
PLACES = {key: (column, rank) for column, keys in enumerate(KEYS.values()) for rank, key in enumerate(keys)}
MAX_DEPTH = 3
# The places of values are kept for lines with the same keys; clients choose the names of headers, which are keys, too.
MAX_KEPT_KEYS = 100
MAX_KEPT_CHARACTERS = 4_000
MAX_KEPT_KEY = 100
"""Characters of a key; those of `KEYS` are shorter."""
NUMBERS = frozenset({int, float})
WRAPPED = "log"
"""The key of the original line in containers' logs."""
AT, REQUEST, METHOD, USER_AGENT = (list(KEYS).index(column) for column in ("at", "request", "method", "user_agent"))


class Places(NamedTuple):
    """Where lines with the same keys have their values: a column (its number in `KEYS`), a part of the line and a key
    in it, the best key of a column first. `has_agents` says that a missing agent was not sent.
    """

    ways: tuple[tuple[int, int, str], ...]
    has_agents: bool


class JsonLog:
    """One object per line; each field may have any of its common names as key. A line of a container's log is read as
    the line that it wraps.
    """

    name = "json"

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder().decode

    def read(self, lines: pl.DataFrame) -> pl.DataFrame:
        held: list[str | None] = []
        values: list[list[Any]] = []
        for line in lines["line"]:  # each is forgotten when its values are read: thousands of objects cost more
            said = self._said(line)
            inner = said.get(WRAPPED)
            if isinstance(inner, str):
                held.append(inner.rstrip())
            else:
                held.append(None)
                values.append(_request(said))
        if not any(held):
            return _requests(lines, values)
        within = pl.Series("line", held, dtype=pl.String)
        inside = lines.with_columns(within).filter(within.is_not_null())
        return pl.concat([CommonLog().read(inside), _requests(lines.filter(within.is_null()), values)]).sort("number")

    def _said(self, line: str) -> dict[str, Any]:
        try:
            said = self._decode(line)
        except (msgspec.DecodeError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}


def _requests(lines: pl.DataFrame, values: list[list[Any]]) -> pl.DataFrame:
    columns = dict(zip(KEYS, zip(*values, strict=True) if values else [()] * len(KEYS), strict=True))
    times = columns.pop("at")
    found = lines.with_columns(
        _epoch_ms(times), *(pl.Series(name, column, dtype=pl.String) for name, column in columns.items())
    )
    parts = with_request_line(found.select("number", "request"))
    target = pl.coalesce("target", parts["target"])
    return conform_requests(
        found.with_columns(
            pl.coalesce("method", parts["method"]),
            pl.when(pl.col("query").is_not_null() & ~target.str.contains("?", literal=True))
            .then(pl.concat_str(target, pl.lit("?"), pl.col("query")))
            .otherwise(target)
            .alias("target"),
        )
    )


def _epoch_ms(times: Sequence[Any]) -> pl.Series:
    # Beyond that a Float64 is less exact than a whole number.
    if NUMBERS.issuperset(map(type, times)) and max(map(abs, times), default=0) < SMALLEST_EPOCH_US:
        return epoch_ms_of_column(pl.Series(times, dtype=pl.Float64, strict=False)).alias("at")
    at = pl.Series("at", list(map(epoch_ms_of_value, times)), dtype=pl.Int64)
    texts = pl.Series([time if isinstance(time, str) else None for time in times], dtype=pl.String)
    is_late = at.is_null() & texts.is_not_null()
    return at.scatter(is_late.arg_true(), epoch_ms(texts.filter(is_late), TIMES)) if is_late.any() else at


def _request(said: dict[str, Any]) -> list[Any]:
    """Return the values of a line, in the order of `KEYS`: as text, except for the time."""
    inner = said.get("request")
    if not isinstance(inner, dict):
        inner = {}
    headers = inner.get("headers")
    if not isinstance(headers, dict):
        headers = None
    found = _found(said, inner, headers)
    if found[METHOD] is None and found[REQUEST] is None:  # nested deeper, which is rare
        found = _found(_flat(said), inner, headers)
    elif found[USER_AGENT] in (None, NO_AGENT) and any(isinstance(value, dict) for value in said.values()):
        found[USER_AGENT] = _found(_flat(said), inner, headers)[USER_AGENT]
    return found


def _found(said: dict[str, Any], inner: dict[str, Any], headers: dict[str, Any] | None) -> list[Any]:
    found: list[Any] = [None] * len(KEYS)
    parts = said, inner, headers or {}
    is_ordinary = sum(map(len, parts)) <= MAX_KEPT_KEYS and sum(map(len, chain(*parts))) <= MAX_KEPT_CHARACTERS
    find = _places if is_ordinary else _places.__wrapped__
    places = find(tuple(said), tuple(inner), None if headers is None else tuple(headers))
    for column, part, key in places.ways:
        if found[column] is None:
            value = parts[part][key]
            if isinstance(value, list):
                value = value[0] if value else None
            if isinstance(value, str):
                found[column] = None if value in NOTHING else value
            elif value is not None and not isinstance(value, dict):
                found[column] = value if column == AT else str(value)
    if places.has_agents and found[USER_AGENT] is None:
        found[USER_AGENT] = NO_AGENT
    return found


@lru_cache(maxsize=1024)
def _places(keys: tuple[str, ...], inner: tuple[str, ...], headers: tuple[str, ...] | None) -> Places:
    """Return the places of values in lines with these keys, with `inner` keys in Caddy's `request` and with these
    `headers` in that.
    """
    ranked: list[tuple[int, int, int, str]] = []
    for part, (prefix, names) in enumerate((("", keys), ("", inner), ("http_", headers or ()))):
        for name in names:
            if place := PLACES.get(prefix + _key(name)):
                ranked.append((*place, part, name))
    ways = tuple((column, part, name) for column, _, part, name in sorted(ranked))
    return Places(ways, has_agents=headers is not None or any(column == USER_AGENT for column, *_ in ways))


def _flat(said: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    _flatten(said, "", flat, MAX_DEPTH)
    return flat


def _flatten(said: dict[str, Any], prefix: str, flat: dict[str, Any], depth: int) -> None:
    """Add the values of an object and of the objects within it, down to `depth` levels."""
    for key, value in said.items():
        if not isinstance(value, dict):
            flat.setdefault(prefix + _key(key), value)
        elif depth > 1:
            _flatten(value, f"{prefix}{_key(key)}_", flat, depth - 1)


def _key(key: str) -> str:
    return _folded(key) if len(key) <= MAX_KEPT_KEY else key


@lru_cache(maxsize=1024)
def _folded(key: str) -> str:
    return key.lower().replace("-", "_").replace(".", "_")
