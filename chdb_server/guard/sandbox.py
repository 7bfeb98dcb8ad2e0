"""Allows the analyst only questions over `lens`, which are checked on the tree of the engine's own parser."""

import asyncio
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from chdb_server.config import ANALYST_QUERIES
from chdb_server.guard.catalog import DATABASE, is_open
from chdb_server.guard.failure import (
    ACCESS_DENIED,
    BAD_ARGUMENTS,
    QUERY_IS_TOO_LARGE,
    TOO_DEEP_RECURSION,
    StatementError,
    failure,
)
from chdb_server.guard.functions import Functions
from chdb_server.guard.query_tree import Node, arguments, full_name, walk
from chdb_server.guard.statement import Statement, read_statement
from chdb_server.guard.upstream import Parser
from event_lens.warehouse.sql_lexer import Token, tokens

TABLE_FUNCTIONS = frozenset(
    {"generate_series", "generateseries", "numbers", "numbers_mt", "primes", "values", "view", "zeros"}
)
# The allowed nodes of a question. Every other node, such as settings, is refused.
_KINDS = frozenset(
    {
        "ArrayJoin",
        "Asterisk",
        "ColumnsApplyTransformer",
        "ColumnsExceptTransformer",
        "ColumnsListMatcher",
        "ColumnsRegexpMatcher",
        "ColumnsReplaceTransformer",
        "ColumnsReplaceTransformerReplacement",
        "ColumnsTransformerList",
        "ExpressionList",
        "Function",
        "Identifier",
        "InterpolateElement",
        "Literal",
        "OrderByElement",
        "QualifiedAsterisk",
        "QualifiedColumnsListMatcher",
        "QualifiedColumnsRegexpMatcher",
        "QueryParameter",
        "SampleRatio",
        "SelectIntersectExceptQuery",
        "SelectQuery",
        "SelectWithUnionQuery",
        "Subquery",
        "TableExpression",
        "TableIdentifier",
        "TableJoin",
        "TablesInSelectQuery",
        "TablesInSelectQueryElement",
        "WindowDefinition",
        "WindowListElement",
        "WithElement",
    }
)
# These columns describe parts, which hold rows of all projects, and are evaluated before a policy hides rows.
_VIRTUAL_COLUMNS = re.compile(
    r"_(part(ition)?(_\w+)?|block_\w+|sample_factor|disk_name|row_exists|table|database|shard_num)"
)
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_MEMBERSHIP = re.compile(r"(global)?(not)?(null)?(not)?in(ignoreset)?", re.IGNORECASE)

_MAX_QUESTION_BYTES = 262_144
"""The length of a statement that the server's parser reads (its `max_query_size`)."""

# The server looks through the rest of a text for the end of every `$tag$`.
_MAX_DOLLARS_BY_BYTES = 1_000_000_000

_NAME = rb"(?:\w+|`[^`\\]+`)"
_LIKE = rb"(?: (?:NOT )?I?LIKE '(?:[^'\\]|\\.)*')?"
_OWN = rb"(?:lens\.)?" + _NAME
_EXPLAIN = re.compile(
    rb"EXPLAIN (?:(?:AST|SYNTAX|QUERY TREE|PLAN|PIPELINE|ESTIMATE) )?(?:\w+ = \w+,? )*(?=SELECT|WITH|\()"
)
_COUNTS_PARTS = re.compile(rb"\b(ESTIMATE|indexes|projections)\b", re.IGNORECASE)
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


class Sandbox:
    """Checks an analyst's statements. `functions` lists the harmless scalar and aggregate functions."""

    def __init__(self, functions: Functions, parser: Parser) -> None:
        self._functions = functions
        self._parser = parser
        # Checking a long question takes seconds, and others are served meanwhile. The checks have their own threads, so
        # that looking up a user does not wait for them.
        self._judges = ThreadPoolExecutor(ANALYST_QUERIES, thread_name_prefix="judge")

    async def check(self, sql: bytes, parameters: Mapping[str, str], *, is_for_all_projects: bool = True) -> Statement:
        """Return the statement to run in place of `sql`: the same statement, as the engine's parser understood and
        wrote it. Raises `StatementError`: the engine's own for a syntax error, `ACCESS_DENIED` for a statement that the
        analyst may not run.
        """
        _check_size(sql)
        loop = asyncio.get_running_loop()
        rewritten = await self._parser.rewrite(sql)
        statement, (before, question, after) = await loop.run_in_executor(self._judges, _read, rewritten)
        if statement.tail.strip():
            raise _denied("SETTINGS cannot be part of the statement")
        if statement.format and not _PLAIN_NAME.fullmatch(statement.format):
            raise _denied("what follows FORMAT is not the name of a format")
        if not is_for_all_projects and _COUNTS_PARTS.search(before):
            raise _denied("what a question would read is of all projects, so this form of EXPLAIN is not open")
        if question:
            tree, rebuilt = await self._parse(question)
            await loop.run_in_executor(self._judges, self._check_tree, tree, parameters)
            # The checked text is the text that runs.
            return replace(statement, sql=before + rebuilt + after)
        if not _LOOKING.fullmatch(statement.sql.strip()):
            raise _denied(f"this form of SHOW, DESCRIBE or EXISTS is not open to this user, or not for {DATABASE}")
        return statement

    async def _parse(self, question: bytes) -> tuple[bytes, bytes]:
        try:
            return await self._parser.parse(question)
        except StatementError as error:
            if error.code != BAD_ARGUMENTS:
                raise
            raise _denied("this user only asks: it is a statement that has no tree of a question") from error

    def _check_tree(self, text: bytes, parameters: Mapping[str, str]) -> None:
        for place, node in walk(_read_tree(text)):
            kind = node.get("type")
            if kind not in _KINDS or node.get("out_file"):
                raise _denied(f"{kind or place} cannot be part of the statement")
            if kind == "Identifier":
                _check_column(node, parameters)
            if kind == "TableIdentifier":
                _check_table(node, parameters)
            elif place == "table_function":
                _check_table_function(node)
            elif kind == "Function":
                self._check_function(node["name"])
                if _MEMBERSHIP.fullmatch(node["name"]):
                    # The right side may name a table as if it were a column.
                    for right in arguments(node)[1:]:
                        if right["type"] == "Identifier":
                            _check_table(right, parameters)
            elif "func_name" in node:
                self._check_function(node["func_name"])

    def _check_function(self, name: str) -> None:
        if not self._functions.is_harmless(name):
            raise _denied(f"the function {name} is not open to this user")


def _check_size(sql: bytes) -> None:
    if len(sql) > _MAX_QUESTION_BYTES:
        raise failure(
            QUERY_IS_TOO_LARGE,
            "QUERY_IS_TOO_LARGE",
            f"A statement of this user has {_MAX_QUESTION_BYTES} bytes at most. Send long values as parameters.",
        )
    if sql.count(b"$") * len(sql) > _MAX_DOLLARS_BY_BYTES:
        raise failure(
            QUERY_IS_TOO_LARGE,
            "QUERY_IS_TOO_LARGE",
            "A long statement of this user cannot have so many `$`. Send long values as parameters.",
        )


def _read(sql: bytes) -> tuple[Statement, tuple[bytes, bytes, bytes]]:
    """Return the statement in `sql`, and the three parts that `_question_in` finds in it. Raises `StatementError` for a
    statement that is not only a question.
    """
    statement = read_statement(sql)
    if statement is None:
        raise _denied("this user only asks: SELECT, SHOW, DESCRIBE, EXISTS and EXPLAIN")
    return statement, _question_in(statement.sql.strip())


def _read_tree(text: bytes) -> Node:
    try:
        tree: Node = json.loads(text)
    except RecursionError as error:
        raise failure(TOO_DEEP_RECURSION, "TOO_DEEP_RECURSION", "The question is nested too deeply.") from error
    return tree


def _question_in(sql: bytes) -> tuple[bytes, bytes, bytes]:
    """Split `sql` into the text before its SELECT, the SELECT, and the text after it.

    The SELECT is all of `sql`, or the one that an EXPLAIN or DESCRIBE TABLE is about. Without one, all text is in the
    first part.
    """
    first = next(tokens(sql), None)
    if first is None:
        return sql, b"", b""
    if first.keyword in (b"SELECT", b"WITH") or first.value == b"(":
        return b"", sql, b""
    explained = _EXPLAIN.match(sql)
    if explained is not None:
        return sql[: explained.end()], sql[explained.end() :], b""
    if sql.startswith(b"DESCRIBE TABLE (") and _is_one_group((found := list(tokens(sql)))[2:]):
        return sql[: found[2].end], sql[found[2].end : found[-1].start], sql[found[-1].start :]
    return sql, b"", b""


def _is_one_group(found: list[Token]) -> bool:
    """Return whether the first of these brackets is closed by the last token."""
    depth = 0
    for at, token in enumerate(found):
        depth += (token.value == b"(") - (token.value == b")")
        if depth == 0:
            return at == len(found) - 1
    return False


def _check_column(identifier: Node, parameters: Mapping[str, str]) -> None:
    name = full_name(identifier, parameters).rpartition(".")[2]
    if _VIRTUAL_COLUMNS.fullmatch(name):
        raise _denied(f"the column {name} tells of the parts of a table, which are of all projects")


def _check_table(identifier: Node, parameters: Mapping[str, str]) -> None:
    name = full_name(identifier, parameters)
    if not is_open(name):
        raise _denied(f"{name} is not a table of {DATABASE}")


def _check_table_function(function: Node) -> None:
    name = function["name"].lower()
    if name not in TABLE_FUNCTIONS:
        raise _denied(f"the table function {function['name']} is not open to this user")
    for first in arguments(function)[:1] if name == "values" else []:
        # A text there is a list of columns, whose defaults and aliases the engine would run unchecked.
        is_row = first.get("name") == "tuple" or first.get("value", {}).get("field_type", "String") != "String"
        if not is_row:
            raise _denied("values(...) takes rows of this user, but no list of columns before them")


def _denied(why: str) -> StatementError:
    return failure(ACCESS_DENIED, "ACCESS_DENIED", f"Not enough privileges: {why}.")
