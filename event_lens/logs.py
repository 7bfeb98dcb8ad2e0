"""Logging: one line per event with a name and fields, JSON for machines and plain for a terminal.

Fields are names, counts, codes and durations. Payloads, secrets and addresses are never passed to a log. Lines that are
logged while a request is answered carry its `request_id`.
"""

import logging
import re
import secrets
import sys
from collections.abc import Iterable
from contextlib import suppress
from contextvars import ContextVar
from itertools import count
from types import TracebackType
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from event_lens.errors import EventLensError

Log = FilteringBoundLogger

QUIET = ("_granian", "clickhouse_connect")
"""Libraries whose log lines repeat our own."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is answered in this context, empty outside of a request."""


REQUEST_ID = b"x-request-id"
# The pattern excludes addresses and line breaks.
SANE_ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")


class RequestIds:
    """The id of each request of a process: the sender's id if it is well-formed, else a new one."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(4)
        self._numbers = count(1)

    def find(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Return the id of the request with these headers; lines that are logged from now on in this context carry
        it.
        """
        id = _sent_id(headers) or f"{self._prefix}-{next(self._numbers):x}".encode()
        request_id.set(id.decode())
        return id


def _sent_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    for name, value in headers:
        if name == REQUEST_ID:
            return value if SANE_ID.fullmatch(value) else b""
    return b""


def set_up_logs(level: str = "info", *, as_json: bool | None = None, stream: TextIO | None = None) -> None:
    """Send this process's logs from `level` on to `stream` (standard error), as JSON unless it is a terminal.

    Call it once per process. `level` is one of `event_lens.settings.LOG_LEVELS`.
    """
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    target = stream or sys.stderr
    is_json = not target.isatty() if as_json is None else as_json
    render: Processor = structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_request_id,
            _describe_exception,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Forgiving(target))),
        cache_logger_on_first_use=False,
    )


class _Forgiving:
    """A stream that drops lines which cannot be written (full disk, closed pipe) and never raises."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def get_log(name: str) -> Log:
    """Return a log whose lines carry `part=name`. It may be made at import: the set-up is looked up when a line is
    written.
    """
    return cast(Log, structlog.get_logger(part=name))


def _add_request_id(_log: object, _method: str, event: EventDict) -> EventDict:
    if number := request_id.get():
        event["request_id"] = number
    return event


def _describe_exception(_log: object, _method: str, event: EventDict) -> EventDict:
    """Add the type of an exception and where it was raised; a foreign message may quote a payload, so it stays out.

    `exc_info` is an exception, True for the one being handled, or None.
    """
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["raised_at"] = _places(error.__traceback__)
        if isinstance(error, EventLensError):
            event["code"], event["message"] = error.code, error.message
        elif isinstance(error, OSError):
            event["message"] = error.strerror
    return event


def _places(traceback: TracebackType | None) -> list[str]:
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{traceback.tb_frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places
