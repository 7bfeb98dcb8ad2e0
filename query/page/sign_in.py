"""Signing in to the page: by a token that the command line made on this machine, or by a read or root key."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from event_lens.clock import Clock
from event_lens.contract.headers import CLIENT_PREFIXES
from event_lens.errors import Refused
from event_lens.failure_limit import FailureLimit
from event_lens.registry.clients import find_client
from event_lens.registry.database import Registry
from event_lens.registry.projects import find_project, list_projects
from event_lens.registry.tables import Project
from query.auth import find_subject
from query.errors import FORBIDDEN, UNAUTHORIZED
from query.keys import Keys
from query.page.sessions import Session, Sessions
from query.page.sign_in_tokens import redeem_token
from query.report_context import ProjectScope


@dataclass(frozen=True)
class SignIn:
    """Opens and finds sessions; for one event loop. The home and the registry are asked in threads."""

    home: Path
    registry: Registry
    keys: Keys
    wrong_tokens: FailureLimit
    clock: Clock
    sessions: Sessions = field(default_factory=Sessions)

    async def by_token(self, token: str, address: str) -> tuple[str, Session]:
        """Open a session for a sign-in token, and return its cookie and the session.

        Raises `Refused` (`sign_in_token_invalid`), and `Unavailable` for an address that has sent too many wrong
        tokens.
        """
        self.wrong_tokens.check(address)
        now = self.clock()
        grant = await asyncio.to_thread(redeem_token, self.home, token, now)
        if grant is None:
            self.wrong_tokens.count(address)
            raise Refused(
                "This address was used already or is older than 15 minutes; `eventlens page` prints a new one.",
                code="sign_in_token_invalid",
            )
        return self.sessions.open(grant.project_id, None, now)

    async def by_key(self, client_id: str, secret: str, address: str) -> tuple[str, Session]:
        """Open a session for the project of a read or root key, and return its cookie and the session. Raises what
        `Keys.find` raises.
        """
        prefix = CLIENT_PREFIXES[0]
        reader = await self.keys.find({f"{prefix}-id": client_id, f"{prefix}-secret": secret}, address)
        return self.sessions.open(reader.subject.project_id, client_id, self.clock())

    async def find(self, cookie: str) -> Session:
        """Return the session of a cookie. Raises `Refused` (`client_unauthorized`) when it ended or its key was
        revoked.
        """
        session = self.sessions.find(cookie, self.clock())
        if session is None or await self._is_revoked(session):
            raise Refused("You are not signed in, or your session has ended; sign in again.", code=UNAUTHORIZED)
        return session

    async def find_subject(self, cookie: str, project_id: str) -> ProjectScope:
        """Return the project if the cookie's session reads it. Raises what `find` raises, and `Refused`
        (`project_forbidden`).
        """
        session = await self.find(cookie)
        if not session.reads(project_id):
            raise Refused(
                "Your session does not read this project; sign in with a key of this project.", code=FORBIDDEN
            )
        return await asyncio.to_thread(find_subject, self.registry, project_id)

    async def projects_of(self, session: Session) -> list[Project]:
        """Return the projects that the session reads."""
        if session.project_id is None:
            return await asyncio.to_thread(list_projects, self.registry)
        return [await asyncio.to_thread(find_project, self.registry, session.project_id)]

    async def _is_revoked(self, session: Session) -> bool:
        if session.client_id is None:
            return False
        return await asyncio.to_thread(find_client, self.registry, session.client_id) is None
