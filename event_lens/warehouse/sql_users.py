"""SQL users on a ClickHouse server: the statements that make them, change their password and remove them.

The embedded warehouse does not need these statements: its guard asks the registry. A value in such a statement cannot
be a parameter, so every value is checked or hashed before it gets here.
"""

import re
from collections.abc import Sequence

from event_lens.errors import Broken
from event_lens.shards import SPANNING

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_HASH = re.compile(r"[0-9a-f]{64}")

NOT_HIDDEN = "project_id NOT IN (SELECT project_id FROM lens_raw.hidden_projects FINAL WHERE is_hidden = 1)"
"""SQL: whether a row on this shard counts for questions over all shards; a project that moves is on two for a while."""

SPANNING_SETTINGS = "optimize_skip_unused_shards = 1, distributed_product_mode = 'global'"
"""A question that names its projects goes to their shards only. A subquery is asked of all shards once: right also
where it is about other projects than the question around it."""

LIMITS = (
    "max_execution_time = 60 MAX 60, max_memory_usage = 2000000000 MAX 2000000000, "
    "max_result_rows = 1000000 MAX 1000000, readonly = 2 CONST, "
    # Ids of sessions have 64 bits; as numbers JavaScript rounds them.
    "output_format_json_quote_64bit_integers = 1"
)


def create_statements(
    name: str, secret_hash: str, project_ids: Sequence[str], on_cluster: str, database: str = SPANNING
) -> list[str]:
    """Return the statements that make a user who reads `lens`: all of it, or with `project_ids` the rows of those
    projects.

    `secret_hash` is the SHA-256 of the password in hex; `on_cluster` is ` ON CLUSTER "name"` or empty. In a warehouse
    of several shards, `database` has the tables that `lens` reads. The policy applies to these tables and excludes
    projects that are moving.
    """
    user, hashed = _checked(_NAME, name), _checked(_HASH, secret_hash)
    limits = LIMITS if database == SPANNING else f"{LIMITS}, {SPANNING_SETTINGS}"
    statements = [
        f"CREATE USER IF NOT EXISTS `{user}`{on_cluster} IDENTIFIED WITH sha256_hash BY '{hashed}' SETTINGS {limits}",
        f"GRANT{on_cluster} SHOW, SELECT ON lens.* TO `{user}`",
    ]
    listed = ", ".join(f"'{_checked(_NAME, project_id)}'" for project_id in project_ids)
    conditions = [f"project_id IN ({listed})"] if project_ids else []
    if database != SPANNING:
        conditions.append(NOT_HIDDEN)
        for table in (f"{database}.*", "lens_raw.hidden_projects"):
            statements.append(f"GRANT{on_cluster} SELECT ON {table} TO `{user}`")
    if conditions:
        statements.append(
            f"CREATE ROW POLICY OR REPLACE `{user}`{on_cluster} ON {database}.* FOR SELECT "
            f"USING {' AND '.join(conditions)} AS restrictive TO `{user}`"
        )
        # A policy of another program may hide all rows from users without a policy of their own.
        statements.append(
            f"CREATE ROW POLICY IF NOT EXISTS event_lens_everybody{on_cluster} ON {database}.* "
            "FOR SELECT USING 1 TO ALL"
        )
    return statements


def rotate_statements(name: str, secret_hash: str, on_cluster: str) -> list[str]:
    """Return the statements that give a user another password."""
    hashed = _checked(_HASH, secret_hash)
    return [f"ALTER USER `{_checked(_NAME, name)}`{on_cluster} IDENTIFIED WITH sha256_hash BY '{hashed}'"]


def revoke_statements(name: str, on_cluster: str, database: str = SPANNING) -> list[str]:
    """Return the statements that remove a user and its policy."""
    user = _checked(_NAME, name)
    return [
        f"DROP USER IF EXISTS `{user}`{on_cluster}",
        f"DROP ROW POLICY IF EXISTS `{user}`{on_cluster} ON {database}.*",
    ]


def _checked(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise Broken(f"{value[:80]!r} cannot stand in a statement.", code="sql_user_statement")
    return value
