"""Logs of one JSON object a line: Caddy's, Traefik's, and what people make of nginx's by naming its variables."""

from typing import Any

import msgspec
import polars as pl

from collector.imports.log_clf import TIMES, epoch_ms, with_request_line
from collector.imports.log_requests import NO_AGENT, conform_requests
from event_lens.contract.timestamps import epoch_ms_of

# Keys in lower case, with _ for - and .; the first that is there counts.
KEYS = {
    "at": ("time_iso8601", "starttimelocal", "startutc", "time_local", "@timestamp", "timestamp", "msec", "ts", "time"),
    "address": ("client_ip", "clienthost", "remote_addr", "remote_ip", "client", "clientaddr", "ip"),
    "request": ("request_line", "request"),
    "method": ("request_method", "requestmethod", "method", "verb"),
    "target": ("request_uri", "requestpath", "uri", "url", "path", "target"),
    "host": ("http_host", "requesthost", "host", "server_name", "vhost"),
    "status": ("status", "downstreamstatus", "status_code", "response_status", "code"),
    "size": ("body_bytes_sent", "downstreamcontentsize", "bytes_sent", "size", "bytes"),
    "referrer": ("http_referrer", "http_referer", "request_referer", "referrer", "referer"),
    "forwarded": ("http_x_forwarded_for", "x_forwarded_for", "request_x_forwarded_for"),
    "user_agent": ("http_user_agent", "request_user_agent", "user_agent", "useragent", "agent"),
}

HEADERS = "with headers"
"""Beside the values of a request: all its headers are told, as Caddy does."""


class JsonLog:
    """One object a line; its keys may have any of the names that people use for them."""

    name = "json"

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder().decode

    def read(self, lines: pl.DataFrame) -> pl.DataFrame:
        values = [self._request(line) for line in lines["line"]]
        schema = {name: pl.String() for name in (*KEYS, "at_text")} | {"at": pl.Int64()}
        found = pl.concat([lines, pl.DataFrame(values, schema=schema, orient="row")], how="horizontal")
        is_late = found["at"].is_null() & found["at_text"].is_not_null()
        if is_late.any():
            found = found.with_columns(
                found["at"].scatter(is_late.arg_true(), epoch_ms(found["at_text"].filter(is_late), TIMES))
            )
        parts = with_request_line(found.select("number", "request"))
        return conform_requests(
            found.with_columns(pl.coalesce("method", parts["method"]), pl.coalesce("target", parts["target"]))
        )

    def _request(self, line: str) -> dict[str, Any]:
        try:
            said = self._decode(line)
        except (msgspec.DecodeError, RecursionError):
            return {}
        if not isinstance(said, dict):
            return {}
        flat = _flat(said)
        found: dict[str, Any] = {}
        for column, keys in KEYS.items():
            value = next((flat[key] for key in keys if flat.get(key) not in (None, "", "-")), None)
            found[column] = None if value is None else str(value)
        if found["user_agent"] is None and (HEADERS in flat or any(key in flat for key in KEYS["user_agent"])):
            found["user_agent"] = NO_AGENT
        found["at_text"], found["at"] = found["at"], epoch_ms_of(found["at"])
        return found


def _flat(said: dict[str, Any]) -> dict[str, Any]:
    """Return the object flattened, with Caddy's `request` and the headers in it; keys in lower case, with `_`."""
    flat: dict[str, Any] = {}
    inner = said.get("request")
    for part in (said, inner if isinstance(inner, dict) else {}):
        for key, value in part.items():
            if not isinstance(value, dict):
                flat.setdefault(key.lower().replace("-", "_").replace(".", "_"), value)
    headers = inner.get("headers") if isinstance(inner, dict) else None
    if isinstance(headers, dict):
        flat[HEADERS] = True
    for key, values in headers.items() if isinstance(headers, dict) else ():
        value = values[0] if isinstance(values, list) and values else values
        flat.setdefault(f"http_{key.lower().replace('-', '_')}", value)
    return flat
