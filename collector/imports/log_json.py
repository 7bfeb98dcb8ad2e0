"""Logs of one JSON object per line: Caddy's, Traefik's, and nginx's with custom names for its variables."""

from functools import lru_cache
from typing import Any

import msgspec
import polars as pl

from collector.imports.log_clf import TIMES, CommonLog, epoch_ms, with_request_line
from collector.imports.log_requests import NO_AGENT, conform_requests
from collector.imports.times import epoch_ms_of_value

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
PLACES = {key: (column, rank) for column, keys in KEYS.items() for rank, key in enumerate(keys)}
MAX_DEPTH = 3
NOTHING: tuple[Any, ...] = ("", "-", [])
WRAPPED = "log"
"""The key of the original line in containers' logs."""

HEADERS = "with headers"
"""A marker in addition to a request's values: the log has all headers of the request, as Caddy's does."""


class JsonLog:
    """One object per line; each field may have any of its common names as key. A line of a container's log is read as
    the line that it wraps.
    """

    name = "json"

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder().decode

    def read(self, lines: pl.DataFrame) -> pl.DataFrame:
        said = [self._said(line) for line in lines["line"]]
        held = [each.get(WRAPPED) for each in said]
        is_held = pl.Series([isinstance(line, str) for line in held], dtype=pl.Boolean)
        if not is_held.any():
            return _requests(lines, said)
        inner = lines.with_columns(pl.Series("line", [str(line).rstrip() for line in held])).filter(is_held)
        others = [each for each in said if not isinstance(each.get(WRAPPED), str)]
        return pl.concat([CommonLog().read(inner), _requests(lines.filter(~is_held), others)]).sort("number")

    def _said(self, line: str) -> dict[str, Any]:
        try:
            said = self._decode(line)
        except (msgspec.DecodeError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}


def _requests(lines: pl.DataFrame, said: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {name: pl.String() for name in KEYS} | {"at": pl.Int64(), "at_text": pl.String()}
    values = [_request(each) for each in said]
    found = lines.with_columns(
        pl.Series(name, [each[name] for each in values], dtype=kind) for name, kind in schema.items()
    )
    is_late = found["at"].is_null() & found["at_text"].is_not_null()
    if is_late.any():
        found = found.with_columns(
            found["at"].scatter(is_late.arg_true(), epoch_ms(found["at_text"].filter(is_late), TIMES))
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


def _request(said: dict[str, Any]) -> dict[str, Any]:
    flat = _flat(said)
    found = _found(flat)
    if found["method"] is None and found["request"] is None:  # nested deeper, which is rare
        _flatten(said, "", flat, MAX_DEPTH)
        found = _found(flat)
    if found["user_agent"] is None and (HEADERS in flat or any(key in flat for key in KEYS["user_agent"])):
        found["user_agent"] = NO_AGENT
    at = found["at"]
    return found | {"at": epoch_ms_of_value(at), "at_text": at if isinstance(at, str) else None}


def _found(flat: dict[str, Any]) -> dict[str, Any]:
    """Return for each column the value of the first of its `KEYS` that the line has. All values are texts, except the
    time.
    """
    found: dict[str, Any] = dict.fromkeys(KEYS)
    ranks: dict[str, int] = {}
    for key, value in flat.items():
        place = PLACES.get(key)
        if place is None or value is None or value in NOTHING:
            continue
        column, rank = place
        if rank < ranks.get(column, len(PLACES)):
            ranks[column] = rank
            first = value[0] if isinstance(value, list) else value
            found[column] = first if column == "at" else str(first)
    return found


def _flat(said: dict[str, Any]) -> dict[str, Any]:
    """Return the object flattened: the members of Caddy's `request` and of the headers come to the top; keys are in
    lower case, with `_`.
    """
    flat: dict[str, Any] = {}
    inner = said.get("request")
    for part in (said, inner if isinstance(inner, dict) else {}):
        _flatten(part, "", flat, depth=1)
    headers = inner.get("headers") if isinstance(inner, dict) else None
    if isinstance(headers, dict):
        flat[HEADERS] = True
        for key, value in headers.items():
            flat.setdefault(f"http_{_key(key)}", value)
    return flat


def _flatten(said: dict[str, Any], prefix: str, flat: dict[str, Any], depth: int) -> None:
    """Add the values of an object and of the objects within it, down to `depth` levels."""
    for key, value in said.items():
        if not isinstance(value, dict):
            flat.setdefault(prefix + _key(key), value)
        elif depth > 1:
            _flatten(value, f"{prefix}{_key(key)}_", flat, depth - 1)


@lru_cache(maxsize=1024)
def _key(key: str) -> str:
    return key.lower().replace("-", "_").replace(".", "_")
