"""Sessions: connections kept between requests for clients that send a `session_id`."""

import time
from dataclasses import dataclass
from threading import Lock

from event_lens.warehouse.embedded.engine import Connection, Engine
from event_lens.warehouse.embedded.failure import (
    SESSION_IS_LOCKED,
    SESSION_NOT_FOUND,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    StatementError,
    failure,
)
from event_lens.warehouse.embedded.request import ANALYST, Request

_MOST_SESSIONS = 256


@dataclass
class _Session:
    connection: Connection
    is_busy: bool
    expires_at: float


class Sessions:
    """Lends connections: a fresh one to a request without a session, else the session's own, to one at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: dict[tuple[str, str], _Session] = {}
        self._lock = Lock()

    def lend(self, request: Request) -> Connection:
        """The connection for `request`, to be given back with `take_back`. Blocks under a millisecond.

        Raises `StatementError` when another request uses the session, when it should exist and does not, or when
        there are too many.
        """
        if not _keeps(request):
            return self._engine.connect()
        key = (request.user, request.session_id)
        with self._lock:
            self._drop_expired()
            session = self._kept.get(key)
            if session is None:
                if request.has_to_exist:
                    raise failure(SESSION_NOT_FOUND, "SESSION_NOT_FOUND", "Session not found.")
                if len(self._kept) >= _MOST_SESSIONS:
                    raise failure(
                        TOO_MANY_SIMULTANEOUS_QUERIES,
                        "TOO_MANY_SIMULTANEOUS_QUERIES",
                        f"There are {_MOST_SESSIONS} sessions already; shorten session_timeout.",
                    )
                session = self._kept[key] = _Session(self._engine.connect(), True, 0.0)
            elif session.is_busy:
                raise failure(SESSION_IS_LOCKED, "SESSION_IS_LOCKED", "Session is locked by a concurrent request.")
            session.is_busy = True
            return session.connection

    def take_back(self, request: Request, connection: Connection) -> None:
        """End the loan: close a fresh connection, keep a session's until its timeout."""
        if not _keeps(request):
            connection.close()
            return
        with self._lock:
            session = self._kept[(request.user, request.session_id)]
            try:
                connection.restore()
            except StatementError:
                # Then nobody else gets to see it.
                self._kept.pop((request.user, request.session_id)).connection.close()
                return
            session.is_busy = False
            session.expires_at = time.monotonic() + request.session_timeout_seconds
            self._drop_expired()

    def close(self) -> None:
        with self._lock:
            for session in self._kept.values():
                session.connection.close()
            self._kept.clear()

    def _drop_expired(self) -> None:
        now = time.monotonic()
        for key in [key for key, kept in self._kept.items() if not kept.is_busy and kept.expires_at < now]:
            self._kept.pop(key).connection.close()


def _keeps(request: Request) -> bool:
    """The analyst changes nothing, so there is nothing to keep; and a read-only connection cannot be set up again."""
    return bool(request.session_id) and request.user != ANALYST
