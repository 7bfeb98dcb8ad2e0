"""What the analyst may run: questions over `lens`, judged on the tree of the engine's own parser."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from event_lens.warehouse.embedded.engine import Connection
from event_lens.warehouse.embedded.failure import ACCESS_DENIED, StatementError, failure
from event_lens.warehouse.embedded.functions import Functions
from event_lens.warehouse.embedded.statement import Kind, Statement, read_statement
from event_lens.warehouse.lexer import Token, tokens

DATABASE = "lens"

# What clients read when they connect and draw their tree of tables.
_SYSTEM_TABLES = frozenset(
    {
        "system.columns",
        "system.data_type_families",
        "system.databases",
        "system.formats",
        "system.functions",
        "system.keywords",
        "system.numbers",
        "system.one",
        "system.settings",
        "system.table_engines",
        "system.tables",
        "system.time_zones",
        "information_schema.columns",
        "information_schema.schemata",
        "information_schema.tables",
    }
)
_TABLE_FUNCTIONS = frozenset(
    {"generate_series", "generateseries", "null", "numbers", "numbers_mt", "primes", "values", "view", "zeros"}
)
_MEMBERSHIP = re.compile(r"(global)?(not)?(null)?(not)?in(ignoreset)?", re.IGNORECASE)

_NAME = rb"(?:\w+|`[^`\\]+`)"
_LIKE = rb"(?: (?:NOT )?I?LIKE '(?:[^'\\]|\\.)*')?"
_OWN = rb"(?:lens\.)?" + _NAME
_EXPLAIN = re.compile(
    rb"EXPLAIN (?:(?:AST|SYNTAX|QUERY TREE|PLAN|PIPELINE|ESTIMATE) )?(?:\w+ = \w+,? )*(?=SELECT|WITH|\()"
)
_LOOKING = re.compile(
    rb"SHOW DATABASES" + _LIKE + rb"( LIMIT \d+)?"
    rb"|SHOW (FULL )?TABLES( FROM lens)?" + _LIKE + rb"( LIMIT \d+)?"
    rb"|SHOW CREATE (TABLE|VIEW) "
    + _OWN
    + rb"|SHOW (EXTENDED )?(FULL )?COLUMNS FROM "
    + _NAME
    + rb"( FROM lens)?"
    + _LIKE
    + rb"|(DESCRIBE|EXISTS) (TABLE|VIEW) "
    + _OWN
)


@dataclass(frozen=True)
class _Node:
    """A line of the tree: its depth, its kind and its name, such as `Function` and `count`."""

    depth: int
    kind: str
    name: str


class Sandbox:
    """Judges what the analyst sends. `functions` says which scalar and aggregate functions are harmless."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def check(self, connection: Connection, sql: bytes, parameters: Mapping[str, str]) -> Statement:
        """The statement to run in place of `sql`: the same, as the engine's parser understood and wrote it.

        Raises `StatementError`: the engine's own for a syntax error, `ACCESS_DENIED` for what the analyst may not do.
        """
        statement = read_statement(connection.rewrite(sql))
        if statement.kind is not Kind.ASK:
            raise _denied("this user only asks: SELECT, SHOW, DESCRIBE, EXISTS and EXPLAIN")
        if statement.tail.strip():
            raise _denied("SETTINGS cannot be part of the statement")
        question = _question_in(statement.sql.strip())
        if question is not None:
            self._check_tree(list(_tree(connection, question, parameters)))
        elif not _LOOKING.fullmatch(statement.sql.strip()):
            raise _denied(f"this form of SHOW, DESCRIBE or EXISTS is not open to this user, or not for {DATABASE}")
        return statement

    def _check_tree(self, nodes: list[_Node]) -> None:
        parents: list[_Node] = []
        for at, node in enumerate(nodes):
            del parents[node.depth :]
            parent = parents[-1] if parents else _Node(-1, "", "")
            parents.append(node)
            if node.kind == "TableIdentifier":
                _check_table(node.name)
            elif node.kind == "Function" and parent.kind == "TableExpression":
                if node.name.lower() not in _TABLE_FUNCTIONS:
                    raise _denied(f"the table function {node.name} is not open to this user")
            elif node.kind == "Function":
                if not self._functions.is_harmless(node.name):
                    raise _denied(f"the function {node.name} is not open to this user")
                if _MEMBERSHIP.fullmatch(node.name):
                    _check_membership(nodes[at + 1 :], node.depth)
            elif node.kind == "Set":
                raise _denied("SETTINGS cannot be part of the statement")


def _question_in(sql: bytes) -> bytes | None:
    """The SELECT that `sql` is, or that it explains or describes; None when it has none."""
    found = list(tokens(sql))
    if any(a.value == b"INTO" and b.value == b"OUTFILE" for a, b in pairwise(found)):
        raise _denied("files cannot be written")
    first = found[0]
    if first.keyword in (b"SELECT", b"WITH") or first.value == b"(":
        return sql
    explained = _EXPLAIN.match(sql)
    if explained is not None:
        return sql[explained.end() :]
    if sql.startswith(b"DESCRIBE TABLE (") and _is_one_group(found[2:]):
        return sql[found[2].end : found[-1].start]
    return None


def _is_one_group(found: list[Token]) -> bool:
    """Whether the first of these brackets closes with the last token."""
    depth = 0
    for at, token in enumerate(found):
        depth += (token.value == b"(") - (token.value == b")")
        if depth == 0:
            return at == len(found) - 1
    return False


def _tree(connection: Connection, question: bytes, parameters: Mapping[str, str]) -> Iterator[_Node]:
    # The newline and the bracket keep the question inside: it was whole before, as the parser wrote it itself.
    out, _ = connection.do(b"SELECT explain FROM (EXPLAIN AST " + question + b"\n)", "JSONCompactEachRow", parameters)
    for line in out.splitlines():
        text: str = json.loads(line)[0]
        kind, _, rest = text.strip().partition(" ")
        yield _Node(len(text) - len(text.lstrip(" ")), kind, rest.split(" (")[0])


def _check_table(name: str) -> None:
    database, dot, table = name.partition(".")
    if not dot:
        # A name without a database is a common table expression, or a table of the current database: ours.
        return
    if database == DATABASE and "." not in table:
        return
    if name.lower() not in _SYSTEM_TABLES:
        raise _denied(f"{name} is not a table of {DATABASE}")


def _check_membership(following: list[_Node], depth: int) -> None:
    """The right side of IN may name a table without the tree saying so."""
    arguments = [node for node in following[: _family_size(following, depth)] if node.depth == depth + 2]
    for node in arguments[1:]:
        if node.kind == "Identifier":
            _check_table(node.name)


def _family_size(following: list[_Node], depth: int) -> int:
    """How many of the nodes that follow one at `depth` lie below it."""
    for size, node in enumerate(following):
        if node.depth <= depth:
            return size
    return len(following)


def _denied(why: str) -> StatementError:
    return failure(ACCESS_DENIED, "ACCESS_DENIED", f"analyst: Not enough privileges: {why}.")
