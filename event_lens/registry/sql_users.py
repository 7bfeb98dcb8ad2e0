"""SQL users: people who write SQL against `lens` and see the rows of their projects, or of all projects."""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from event_lens.errors import Refused
from event_lens.registry.clients import hash_secret
from event_lens.registry.database import Registry
from event_lens.registry.projects import find_project
from event_lens.registry.tables import SqlUser

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
RESERVED = frozenset({"default", "admin", "backup", "builder", "collector", "query", "project_analyst", "parser"})
"""Names of the warehouse's own users."""


@dataclass(frozen=True)
class FoundUser:
    """A SQL user as the warehouse's guard needs it."""

    name: str
    secret_hash: str
    project_ids: tuple[str, ...] = ()
    is_for_all_projects: bool = False

    def has_secret(self, password: str) -> bool:
        """Return whether `password` is the user's password, compared in constant time."""
        return hmac.compare_digest(hash_secret(password), self.secret_hash)


def create_sql_user(
    registry: Registry, name: str, project_ids: Sequence[str], *, is_for_all_projects: bool = False
) -> tuple[SqlUser, str]:
    """Create a user and return it with its password, which is shown this once and kept as a hash only. Raises
    `Refused` (`sql_user_name`, `sql_user_projects`, `sql_user_exists`).
    """
    if not NAME.fullmatch(name) or name in RESERVED:
        raise Refused(
            f"{name!r} cannot be a SQL user's name: it takes letters, digits and `_`, begins with a letter, has up to "
            f"63 of them, and is none of {', '.join(sorted(RESERVED))}.",
            code="sql_user_name",
        )
    if bool(project_ids) == is_for_all_projects:
        raise Refused(
            "Name the user's projects, or say that it is for all projects, not both.", code="sql_user_projects"
        )
    for project_id in project_ids:
        find_project(registry, project_id)
    password = _new_password()
    user = SqlUser(
        name=name,
        secret_hash=hash_secret(password),
        project_ids=sorted(set(project_ids)),
        is_for_all_projects=is_for_all_projects,
        created_at=datetime.now(UTC).replace(tzinfo=None),
    )
    with registry.session() as session:
        if session.get(SqlUser, name) is not None:
            raise Refused(
                f"There is a SQL user {name!r} already. Rotate its password or revoke it.", code="sql_user_exists"
            )
        session.add(user)
    return user, password


def find_sql_user(registry: Registry, name: str) -> FoundUser | None:
    """Return the user of that name, None if it does not exist."""
    with registry.session() as session:
        user = session.get(SqlUser, name)
    if user is None:
        return None
    return FoundUser(user.name, user.secret_hash, tuple(user.project_ids), user.is_for_all_projects)


def list_sql_users(registry: Registry) -> list[SqlUser]:
    with registry.session() as session:
        return list(session.scalars(select(SqlUser).order_by(SqlUser.name)))


def rotate_sql_user(registry: Registry, name: str) -> tuple[SqlUser, str]:
    """Give a user a new password and return both; the old one is refused from now on. Raises `Refused`
    (`sql_user_unknown`).
    """
    password = _new_password()
    with registry.session() as session:
        user = _known(session.get(SqlUser, name), name)
        user.secret_hash = hash_secret(password)
    return user, password


def revoke_sql_user(registry: Registry, name: str) -> SqlUser:
    """Remove the user; it is refused from now on. Raises `Refused` (`sql_user_unknown`)."""
    with registry.session() as session:
        user = _known(session.get(SqlUser, name), name)
        session.delete(user)
    return user


def _known(user: SqlUser | None, name: str) -> SqlUser:
    if user is None:
        raise Refused(f"There is no SQL user {name!r}. `eventlens sql-user list` shows all.", code="sql_user_unknown")
    return user


def _new_password() -> str:
    return f"sql_{secrets.token_urlsafe(32)}"
