"""Logging: one line an event with a name and fields, JSON for machines and plain for a terminal.

Fields are names, counts, codes and durations. Payloads, secrets and addresses are never passed to a log.
"""

import logging
import sys
from typing import TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

Log = FilteringBoundLogger

QUIET = ("_granian", "clickhouse_connect")
"""Libraries that write what we report ourselves."""


def set_up_logs(*, as_json: bool | None = None, stream: TextIO | None = None) -> None:
    """Sends this process's logs to `stream` (standard error), as JSON unless it is a terminal. Once a process."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    target = stream or sys.stderr
    is_json = not target.isatty() if as_json is None else as_json
    render: Processor = structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )


def get_log(name: str) -> Log:
    """A log whose lines carry `part=name`. May be called at import; the set-up is looked up when a line is written."""
    return cast(Log, structlog.get_logger(part=name))
