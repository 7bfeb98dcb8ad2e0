"""Turns an unexpected exception into a line of the log and an error for the answer."""

import errno

from event_lens.errors import Broken, EventLensError, Unavailable
from event_lens.logs import get_log

log = get_log("http")

NO_MORE_FILES = frozenset({errno.EMFILE, errno.ENFILE})


def failure(error: Exception) -> EventLensError:
    """Log `error` and return the error for the failed request's answer."""
    if not _is_about_files(error):
        log.error("request_failed", exc_info=error)
        return Broken("The collector failed; the log says why.")
    log.error("too_many_open_files", exc_info=error)
    return Unavailable(
        "The collector cannot open any more files; nothing was kept. Send it again later; ulimit -n gives it more.",
        code="too_many_open_files",
        retry_after_seconds=5,
    )


def _is_about_files(error: BaseException | None) -> bool:
    """Return whether `error`, or an error that caused it, says that no more files can be opened."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_MORE_FILES:
            return True
        error = error.__cause__ or error.__context__
    return False
