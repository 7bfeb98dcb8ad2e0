"""One HTTP request to the warehouse, taken apart: who asks, in which session, with which settings and parameters."""

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from event_lens.warehouse.embedded.failure import (
    AUTHENTICATION_FAILED,
    BAD_ARGUMENTS,
    INVALID_SESSION_TIMEOUT,
    UNKNOWN_ROLE,
    StatementError,
    failure,
)

OWNER = "default"
ANALYST = "analyst"
USERS = (OWNER, ANALYST)

_DEFAULT_SESSION_SECONDS = 60
_LONGEST_SESSION_SECONDS = 3600

# What clients send for the HTTP interface itself; none of it is a setting of the engine.
_TRANSPORT = frozenset(
    {
        "query",
        "user",
        "password",
        "database",
        "default_format",
        "session_id",
        "session_timeout",
        "session_check",
        "query_id",
        "quota_key",
        "compress",
        "decompress",
        "wait_end_of_query",
        "buffer_size",
        "client_protocol_version",
        "enable_http_compression",
        "http_zlib_compression_level",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "http_wait_end_of_query",
        "http_response_buffer_size",
        "http_write_exception_in_output_format",
        "cancel_http_readonly_queries_on_client_close",
        "add_http_cors_header",
    }
)


@dataclass(frozen=True)
class Request:
    """A request without its body. `accepted` is empty when the answer must not have a content encoding; `in_blocks`
    asks for ClickHouse's own compressed blocks instead."""

    method: str
    path: str
    user: str
    query: bytes
    query_id: str
    database: str
    default_format: str
    session_id: str
    session_timeout_seconds: int
    has_to_exist: bool
    waits_for_end: bool
    reports_progress: bool
    accepted: str
    in_blocks: bool
    settings: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


def read_headers(scope: dict[str, Any]) -> dict[str, str]:
    """The headers of an ASGI scope, names in lower case."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def read_fields(scope: dict[str, Any]) -> dict[str, str]:
    """The fields of the URL; what is not UTF-8 comes as surrogates."""
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="surrogateescape"))


def read_request(
    scope: dict[str, Any], headers: dict[str, str], fields: dict[str, str], described: frozenset[str] = frozenset()
) -> Request:
    """The request of an ASGI scope with the `fields` of its URL and form, of which `described` tell of external tables.

    Raises `StatementError` for a wrong user and for what is not served.
    """
    user = _read_user(headers, fields)
    if fields.get("role"):
        raise failure(UNKNOWN_ROLE, "UNKNOWN_ROLE", f"There is no role `{fields['role']}` in the embedded warehouse.")
    if not _is_unicode("".join(name + value for name, value in fields.items() if name != "query")):
        raise failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", "Settings and parameters have to be UTF-8.")
    query_id = fields.get("query_id") or headers.get("x-clickhouse-query-id", "")
    settings = {name: value for name, value in fields.items() if not _is_transport(name) and name not in described}
    return Request(
        method=scope["method"],
        path=scope["path"],
        user=user,
        query=fields.get("query", "").encode(errors="surrogateescape"),
        query_id=query_id if query_id.isprintable() and query_id else str(uuid4()),
        database=fields.get("database") or headers.get("x-clickhouse-database", ""),
        default_format=fields.get("default_format") or headers.get("x-clickhouse-format", "") or "TabSeparated",
        session_id=fields.get("session_id", ""),
        session_timeout_seconds=_read_session_timeout(fields.get("session_timeout", "")),
        has_to_exist=fields.get("session_check") == "1",
        waits_for_end=fields.get("wait_end_of_query") == "1",
        reports_progress=fields.get("send_progress_in_http_headers") == "1",
        accepted=headers.get("accept-encoding", "") if fields.get("enable_http_compression") == "1" else "",
        in_blocks=fields.get("compress") == "1",
        settings=settings,
        parameters={name[6:]: value for name, value in fields.items() if name.startswith("param_")},
    )


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_transport(name: str) -> bool:
    return name in _TRANSPORT or name.startswith("param_")


def _read_user(headers: dict[str, str], fields: dict[str, str]) -> str:
    """Both users go without a password: whoever reaches loopback may be either of them."""
    user, password = fields.get("user", OWNER), fields.get("password", "")
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        user, password = headers.get("x-clickhouse-user", OWNER), headers.get("x-clickhouse-key", "")
    elif "authorization" in headers:
        kind, _, credentials = headers["authorization"].partition(" ")
        try:
            user, colon, password = b64decode(credentials, validate=True).decode().partition(":")
        except (Base64Error, UnicodeDecodeError) as error:
            raise _unknown_user("?") from error
        if kind.lower() != "basic" or not colon:
            raise _unknown_user(kind)
    if (user or OWNER) not in USERS or password:
        raise _unknown_user(user)
    return user or OWNER


def _unknown_user(user: str) -> StatementError:
    return failure(
        AUTHENTICATION_FAILED,
        "AUTHENTICATION_FAILED",
        f"{user}: Authentication failed: the embedded warehouse knows `{OWNER}` and `{ANALYST}`, without a password.",
    )


def _read_session_timeout(text: str) -> int:
    if not text:
        return _DEFAULT_SESSION_SECONDS
    if not text.isdigit() or not 0 < int(text) <= _LONGEST_SESSION_SECONDS:
        message = f"session_timeout is 1 to {_LONGEST_SESSION_SECONDS} seconds."
        raise failure(INVALID_SESSION_TIMEOUT, "INVALID_SESSION_TIMEOUT", message)
    return int(text)
