"""An analyst's question over HTTP, and the request that asks the server exactly this question."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

from chdb_server.config import ANALYST_LIMITS
from chdb_server.guard.failure import ACCESS_DENIED, BAD_ARGUMENTS, READONLY, SETTING_CONSTRAINT_VIOLATION, failure

DATABASE = "lens"
_PARAMETER = "param_"

# Fields for the HTTP interface itself; they change how an answer is sent and not its contents.
_TRANSPORT = frozenset(
    {
        "default_format",
        "session_timeout",
        "session_check",
        "compress",
        "client_protocol_version",
        "enable_http_compression",
        "http_zlib_compression_level",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "http_write_exception_in_output_format",
        "cancel_http_readonly_queries_on_client_close",
        "framing_output_format",
    }
)
# An answer that is buffered until its end is kept on the server's disk, without a limit; this much is kept in memory.
_WAITING = frozenset({"wait_end_of_query", "http_wait_end_of_query", "buffer_size", "http_response_buffer_size"})
_KEPT_BYTES = "16777216"
# Fields that the guard reads itself, and fields that clients send needlessly or may not use, such as the server's log.
_READ = frozenset({"query", "user", "password", "database", "query_id", "quota_key", "decompress", "session_id"})
# Fields of ClickHouse's own page for the query cache, which analysts do not have.
_READ |= {"send_logs_level", "add_http_cors_header", "use_query_cache", "query_cache_ttl"}
_READ |= {"enable_reads_from_query_cache", "enable_writes_to_query_cache"}
_READ |= {"query_cache_system_table_handling", "query_cache_nondeterministic_function_handling"}
_LIMIT = re.compile(r"[1-9][0-9]*")
_MAY_SEND = re.compile(
    r"output_format_(json|csv|tsv|arrow|parquet|native|pretty|decimal|bool|null)_\w+|date_time_(in|out)put_format"
    r"|cast_string_to_dynamic_use_inference|join_use_nulls|session_timezone|extremes|max_block_size|prefer_column_name_to_alias|max_memory_usage"
)


@dataclass(frozen=True)
class Question:
    """The statement of an analyst and its fields. `fields` go to the server in its URL, `parameters` in a form; their
    names in `parameters` lack the prefix.
    """

    text: bytes
    query_id: str
    fields: Mapping[str, str]
    parameters: Mapping[str, str]

    def target(self, name: str) -> str:
        """Return the path and query of the server's URL, for the analyst `name`."""
        fields = {**self.fields, "database": DATABASE, "query_id": self.query_id}
        if "session_id" in fields:
            # Analysts share one user of the server, so their sessions would collide.
            fields["session_id"] = f"{name}:{fields['session_id']}"
        return f"/?{urlencode(fields)}"


def read_question(fields: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Question:
    """Return the question in the fields of a URL and form, and in a body. Raises `StatementError` for anything that
    an analyst may not send.
    """
    if headers.get("content-encoding", "identity") != "identity" or fields.get("decompress", "0") != "0":
        raise failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", "Statements of this user have to be sent uncompressed.")
    if fields.get("role"):
        raise failure(ACCESS_DENIED, "ACCESS_DENIED", "This user has no roles.")
    if not _is_utf8(body, *fields, *fields.values()):
        raise failure(BAD_ARGUMENTS, "BAD_ARGUMENTS", "Statements, settings and parameters have to be UTF-8.")
    database = fields.get("database") or headers.get("x-clickhouse-database", "")
    if database not in ("", "default", DATABASE):
        raise failure(ACCESS_DENIED, "ACCESS_DENIED", f"Not enough privileges: this user reads {DATABASE} only.")
    passed: dict[str, str] = {}
    parameters: dict[str, str] = {}
    for name, value in fields.items():
        if name == "session_id" and not value:
            continue
        if name in _WAITING:
            passed["buffer_size"] = _KEPT_BYTES
        elif name.startswith(_PARAMETER):
            parameters[name.removeprefix(_PARAMETER)] = value
        elif name in ANALYST_LIMITS and not _LIMIT.fullmatch(value):
            message = f"Setting {name} is a whole number from 1 on for this user."
            raise failure(SETTING_CONSTRAINT_VIOLATION, "SETTING_CONSTRAINT_VIOLATION", message)
        elif _is_open(name):
            passed[name] = value
        elif name not in _READ and (name != "readonly" or value not in ("1", "2")):
            raise failure(READONLY, "READONLY", f"Cannot modify '{name}' setting in readonly mode.")
    query_id = fields.get("query_id") or headers.get("x-clickhouse-query-id", "")
    return Question(
        text=fields["query"].encode() + b"\n" + body if fields.get("query") else body,
        query_id=query_id if query_id and query_id.isprintable() else str(uuid4()),
        fields=passed,
        parameters=parameters,
    )


def _is_utf8(body: bytes, *fields: str) -> bool:
    try:
        body.decode()
        for field in fields:
            field.encode()
    except UnicodeError:
        return False
    return True


def _is_open(name: str) -> bool:
    """Return whether an analyst may send the field `name` to the server."""
    is_for_transport = name in _TRANSPORT or name == "session_id"
    return is_for_transport or name in ANALYST_LIMITS or _MAY_SEND.fullmatch(name) is not None
