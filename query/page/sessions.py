"""Sessions: who has signed in to the page. They exist only in the memory of one process, so a restart ends them all."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256

LASTING_MS = 12 * 3_600_000
MAX_SESSIONS = 1000


@dataclass(frozen=True)
class Session:
    """A session's rights to read: one project, or all where `project_id` is None. `client_id` is the key that signed
    in, or None for a token.
    """

    project_id: str | None
    client_id: str | None
    expires_at: int

    def reads(self, project_id: str) -> bool:
        return self.project_id is None or self.project_id == project_id


class Sessions:
    """Sessions by the hash of their cookie; when there are too many, the oldest is dropped. For one event loop."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Session] = OrderedDict()

    def open(self, project_id: str | None, client_id: str | None, now_ms: int) -> tuple[str, Session]:
        """Open a session, and return its cookie and the session."""
        cookie = secrets.token_urlsafe(32)
        session = Session(project_id, client_id, now_ms + LASTING_MS)
        self._open[_key(cookie)] = session
        while len(self._open) > MAX_SESSIONS:
            self._open.popitem(last=False)
        return cookie, session

    def find(self, cookie: str, now_ms: int) -> Session | None:
        """Return the session of a cookie; None when it is unknown or has expired."""
        session = self._open.get(_key(cookie))
        return session if session is not None and now_ms < session.expires_at else None

    def close(self, cookie: str) -> None:
        self._open.pop(_key(cookie), None)


def _key(cookie: str) -> str:
    return sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
