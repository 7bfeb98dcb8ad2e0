"""SQL users on a ClickHouse server: the statements that make them, change their password and remove them.

The embedded warehouse needs none of these: its guard asks the registry. A value in such a statement cannot be a
parameter, so every one is checked or hashed before it gets here.
"""

import re
from collections.abc import Sequence

from event_lens.errors import Broken

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_HASH = re.compile(r"[0-9a-f]{64}")

LIMITS = (
    "max_execution_time = 60 MAX 60, max_memory_usage = 2000000000 MAX 2000000000, "
    "max_result_rows = 1000000 MAX 1000000, readonly = 2 CONST"
)


def create_statements(name: str, secret_hash: str, project_ids: Sequence[str], on_cluster: str) -> list[str]:
    """What makes a user that reads `lens`: all of it, or with `project_ids` the rows of those projects.

    `secret_hash` is the SHA-256 of the password in hex; `on_cluster` is ` ON CLUSTER "name"` or empty.
    """
    user, hashed = _checked(_NAME, name), _checked(_HASH, secret_hash)
    statements = [
        f"CREATE USER IF NOT EXISTS `{user}`{on_cluster} IDENTIFIED WITH sha256_hash BY '{hashed}' SETTINGS {LIMITS}",
        f"GRANT{on_cluster} SHOW, SELECT ON lens.* TO `{user}`",
    ]
    if project_ids:
        listed = ", ".join(f"'{_checked(_NAME, project_id)}'" for project_id in project_ids)
        statements.append(
            f"CREATE ROW POLICY OR REPLACE `{user}`{on_cluster} ON lens.* FOR SELECT USING project_id IN ({listed}) "
            f"AS restrictive TO `{user}`"
        )
        # A policy of somebody else may hide all rows from those who have none.
        statements.append(
            f"CREATE ROW POLICY IF NOT EXISTS event_lens_everybody{on_cluster} ON lens.* FOR SELECT USING 1 TO ALL"
        )
    return statements


def rotate_statements(name: str, secret_hash: str, on_cluster: str) -> list[str]:
    """What gives a user another password."""
    hashed = _checked(_HASH, secret_hash)
    return [f"ALTER USER `{_checked(_NAME, name)}`{on_cluster} IDENTIFIED WITH sha256_hash BY '{hashed}'"]


def revoke_statements(name: str, on_cluster: str) -> list[str]:
    """What removes a user and its policy."""
    user = _checked(_NAME, name)
    return [
        f"DROP USER IF EXISTS `{user}`{on_cluster}",
        f"DROP ROW POLICY IF EXISTS `{user}`{on_cluster} ON lens.*",
    ]


def _checked(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise Broken(f"{value[:80]!r} cannot stand in a statement.", code="sql_user_statement")
    return value
