"""The server's exception as an HTTP answer: ClickHouse's code, its text and a fitting status."""

import re
from dataclasses import dataclass

_CODE = re.compile(r"Code: (\d+)\. ")

AUTHENTICATION_FAILED = 516
ACCESS_DENIED = 497
READONLY = 164
BAD_ARGUMENTS = 36
SYNTAX_ERROR = 62
TOO_MANY_SIMULTANEOUS_QUERIES = 202
QUERY_IS_TOO_LARGE = 397
TOO_DEEP_RECURSION = 306
SETTING_CONSTRAINT_VIOLATION = 452
UNKNOWN_QUERY_PARAMETER = 456
QUERY_IS_RUNNING_ALREADY = 216
UNKNOWN_EXCEPTION = 1002

_STATUS = {
    AUTHENTICATION_FAILED: 403,
    ACCESS_DENIED: 403,
    READONLY: 403,
    QUERY_IS_TOO_LARGE: 413,
    16: 404,  # NO_SUCH_COLUMN_IN_TABLE
    46: 404,  # UNKNOWN_FUNCTION
    47: 404,  # UNKNOWN_IDENTIFIER
    50: 404,  # UNKNOWN_TYPE
    60: 404,  # UNKNOWN_TABLE
    73: 404,  # UNKNOWN_FORMAT
    81: 404,  # UNKNOWN_DATABASE
    115: 404,  # UNKNOWN_SETTING
    159: 408,  # TIMEOUT_EXCEEDED
    160: 408,  # TOO_SLOW
    TOO_MANY_SIMULTANEOUS_QUERIES: 503,
    209: 503,  # SOCKET_TIMEOUT
    241: 500,  # MEMORY_LIMIT_EXCEEDED
    511: 404,  # UNKNOWN_ROLE
    QUERY_IS_RUNNING_ALREADY: 409,
    252: 503,  # TOO_MANY_PARTS
    394: 503,  # QUERY_WAS_CANCELLED
    439: 503,  # CANNOT_SCHEDULE_TASK
    UNKNOWN_EXCEPTION: 500,
}


@dataclass
class StatementError(Exception):
    """A refused or failed request: ClickHouse's `code`, and `text` as a ClickHouse server words it."""

    code: int
    text: str

    def __post_init__(self) -> None:
        super().__init__(self.text)

    @property
    def status(self) -> int:
        return _STATUS.get(self.code, 400)


def failure(code: int, name: str, message: str) -> StatementError:
    """Return a failure that the guard itself has found, worded like the engine's failures."""
    return StatementError(code, f"Code: {code}. DB::Exception: {message} ({name})")


def read_failure(text: str) -> StatementError:
    """Return the failure that the server's `text` reports; without a code it is `UNKNOWN_EXCEPTION`."""
    found = _CODE.search(text)
    if found is None:
        return failure(UNKNOWN_EXCEPTION, "UNKNOWN_EXCEPTION", text)
    return StatementError(int(found.group(1)), text[found.start() :])
