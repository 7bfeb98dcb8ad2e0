"""Scripts are cut into statements whatever their quotes and comments hold."""

import pytest

from chdb_server.guard.statement import Statement, read_statement
from event_lens.warehouse.sql_lexer import split_statements


def test_semicolons_in_quotes_comments_and_heredocs_do_not_end_a_statement() -> None:
    script = b"""
    -- first; not an end
    SELECT 'a;b', 'it''s; \\'; x', `c;d`, "e;f"; /* ; */
    SELECT $tag$ ; ' $tag$, $$;$$ # ; not an end either
    ;
    ;; -- nothing; here
    SELECT 3
    """
    statements = split_statements(script)
    assert [statement[:8] for statement in statements] == [b"SELECT '", b"SELECT $", b"SELECT 3"]
    assert statements[0].endswith(b'"e;f"')


@pytest.mark.parametrize("script", [b"SELECT 'a", b"SELECT 1; /* no end", b"SELECT `x", b'SELECT "x'])
def test_a_quote_or_comment_without_an_end_is_refused(script: bytes) -> None:
    with pytest.raises(ValueError, match="never closed"):
        split_statements(script)


@pytest.mark.parametrize(
    ("text", "name", "tail"),
    [
        (b"SELECT 1 FORMAT JSON", "JSON", b""),
        (b"(SELECT 1) FORMAT `Null` ;", "Null", b" "),
        (b"SELECT 1 FORMAT CSV SETTINGS a = 1", "CSV", b" SETTINGS a = 1"),
        (b"SELECT ' FORMAT JSON' -- FORMAT CSV", "", b""),
        (b"WITH x AS (SELECT 1 AS format) SELECT format FROM x", "", b""),
    ],
)
def test_the_format_clause_is_found_at_the_end_only(text: bytes, name: str, tail: bytes) -> None:
    statement = read_statement(text)
    assert statement is not None
    assert (statement.format, statement.tail) == (name, tail)


@pytest.mark.parametrize(
    "text", [b"CREATE TABLE t (a Int8) ENGINE = Memory", b"SET a = 1", b"", b"WITH 1 AS x INSERT INTO t SELECT x"]
)
def test_a_statement_that_does_something_is_not_a_question(text: bytes) -> None:
    assert read_statement(text) is None


def test_a_question_without_a_format_stands_as_it_was_sent() -> None:
    assert read_statement(b"SELECT 1;") == Statement(b"SELECT 1")
