"""Statements for a cluster of replicas: they run on all replicas at once and make replicated tables
(docs/decisions/0013).
"""

from itertools import pairwise

from event_lens.errors import Broken
from event_lens.warehouse.sql_lexer import Token, tokens

# A replicated table forgets tokens after an hour by default, and a segment can wait for longer than an hour.
_WINDOW = b"non_replicated_deduplication_window"
_SECONDS = b"replicated_deduplication_window_seconds = 31536000, "
_DEFINING = {b"CREATE", b"ALTER", b"DROP", b"TRUNCATE", b"RENAME", b"EXCHANGE"}
_OBJECTS = {b"DATABASE", b"TABLE", b"VIEW"}


def for_cluster(statement: bytes, cluster: str) -> bytes:
    """Return `statement` as every replica of `cluster` runs it: with `ON CLUSTER`, and with the replicated variant of
    its engine. A statement that defines nothing (an INSERT) is returned unchanged. Raises `Broken`
    (`migration_not_for_clusters`) for a statement that defines anything other than a database, a table or a view.
    """
    found = list(tokens(statement))
    if found[0].keyword not in _DEFINING:
        return statement
    edits = [(_end_of_name(found, statement), b' ON CLUSTER "' + cluster.encode() + b'"')]
    for before, token in pairwise(found):
        if before.value == b"=" and token.keyword.endswith(b"MERGETREE"):
            edits.append((token.start, b"Replicated"))
        if before.value == _WINDOW:
            edits.append((before.start, _SECONDS))
    rendered = statement
    for place, text in reversed(edits):
        rendered = rendered[:place] + text + rendered[place:]
    return rendered.replace(_WINDOW, _WINDOW.removeprefix(b"non_"))


def _end_of_name(found: list[Token], statement: bytes) -> int:
    """Find where the name of the defined object ends."""
    rest = found[1:]
    if rest[0].keyword not in _OBJECTS or found[0].keyword in (b"RENAME", b"EXCHANGE"):
        shown = statement.decode().splitlines()[0]
        raise Broken(
            "A migration's statement cannot run ON CLUSTER; replace it by a CREATE, ALTER, DROP or TRUNCATE of a "
            f"database, table or view: {shown}",
            code="migration_not_for_clusters",
        )
    names = [token for token in rest[1:] if token.keyword not in (b"IF", b"NOT", b"EXISTS")]
    is_qualified = len(names) > 1 and names[1].value == b"."
    return names[2 if is_qualified else 0].end
