"""Every error answers two questions by its type: whose fault is it, and may I retry?"""

from event_lens.error_codes import CODES


class EventLensError(Exception):
    """An error with a stable code. The message names the cause and the remedy, and never holds a secret."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class Refused(EventLensError):
    """The caller's fault: the same request will be refused again."""

    code = "refused"


class Unavailable(EventLensError):
    """A passing fault: the same request may succeed after `retry_after_seconds`."""

    code = "unavailable"

    def __init__(self, message: str, *, code: str | None = None, retry_after_seconds: int = 1) -> None:
        super().__init__(message, code=code)
        self.retry_after_seconds = retry_after_seconds


class Broken(EventLensError):
    """Our fault: a promise of this program does not hold, a person has to look."""

    code = "broken"


def status_of(error: EventLensError) -> int:
    """Return the HTTP status of an error: the status of its code or, for a code of the warehouse, the status of its
    type.
    """
    about = CODES.get(error.code)
    if about is not None:
        return about.status
    if isinstance(error, Refused):
        return 400
    return 503 if isinstance(error, Unavailable) else 500


def as_json(error: EventLensError) -> dict[str, dict[str, str]]:
    """Return the one JSON shape of every error: `{"error": {"code", "message"}}`."""
    return {"error": {"code": error.code, "message": error.message}}
