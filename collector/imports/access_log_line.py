"""One line of a web server's log in the combined format, taken apart."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

QUOTED = r'"((?:[^"\\]|\\.)*)"'
LINE = re.compile(rf"(\S+) \S+ [^\[]*\[([^\]]*)\] {QUOTED} (\d{{3}}) (\d+|-) {QUOTED} {QUOTED}\s*", re.DOTALL)
ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "b": "\b"}
MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
TIME = re.compile(r"(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})")
ADDRESS = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![\w:])"
    r"|(?<![\w:])[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*(?![\w:])"
)
MASK = "***"


class LogLine(NamedTuple):
    """`method` and `target` are empty when no HTTP request was understood; `at_ms` is since the epoch."""

    address: str
    at_ms: int
    method: str
    target: str
    status: int
    size: int
    referrer: str
    user_agent: str


def read_line(text: str) -> LogLine | None:
    """The line, or None when it is not in the combined format: cut off, or another one."""
    match = LINE.fullmatch(text)
    if match is None:
        return None
    address, time, request, status, size, referrer, user_agent = match.groups()
    at_ms = _read_time(time)
    if at_ms is None:
        return None
    words = request.split(" ")
    is_http = len(words) == 3 and words[2].startswith("HTTP/")
    return LogLine(
        address=address,
        at_ms=at_ms,
        method=words[0] if is_http else "",
        target=unescape(words[1]) if is_http else "",
        status=int(status),
        size=0 if size == "-" else int(size),
        referrer="" if referrer == "-" else unescape(referrer),
        user_agent="" if user_agent == "-" else unescape(user_agent),
    )


def unescape(text: str) -> str:
    r"""Undo what servers do to quotes and bytes: `\"`, `\\`, `\xhh` (as UTF-8)."""
    if "\\" not in text:
        return text
    pieces: list[bytes] = []
    end = 0
    for match in ESCAPE.finditer(text):
        pieces.append(text[end : match.start()].encode())
        code = match[1]
        pieces.append(bytes([int(code[1:], 16)]) if len(code) == 3 else CONTROLS.get(code, code).encode())
        end = match.end()
    return b"".join((*pieces, text[end:].encode())).decode("utf-8", "replace")


def mask_addresses(text: str) -> str:
    """The line without its first word and without anything that looks like an IP address."""
    _, space, rest = text.partition(" ")
    return MASK + space + ADDRESS.sub(MASK, rest)


def _read_time(text: str) -> int | None:
    match = TIME.fullmatch(text)
    if match is None or match[2] not in MONTHS:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        local = datetime(
            int(year), MONTHS[month], int(day), int(hour), int(minute), int(second),
            tzinfo=timezone(-offset if sign == "-" else offset),
        )  # fmt: skip
        return (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    except ValueError:
        return None
