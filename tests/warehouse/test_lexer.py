"""Scripts are cut into statements whatever their quotes and comments hold."""

import pytest

from chdb_server.guard.statement import Kind, read_landing, read_statement
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
    ("text", "sql", "name", "data"),
    [
        (b"INSERT INTO t FORMAT CSV\n1,2", b"INSERT INTO t ", "CSV", b"1,2"),
        (
            b"insert into t (a, `format`) format  Native \r\n\n\x00",
            b"insert into t (a, `format`) ",
            "Native",
            b"\n\x00",
        ),
        (b"INSERT INTO t SETTINGS a=1 FORMAT JSONEachRow {}", b"INSERT INTO t SETTINGS a=1 ", "JSONEachRow", b"{}"),
        (b"/* FORMAT x */ INSERT INTO t VALUES (1)", b"/* FORMAT x */ INSERT INTO t ", "Values", b" (1)"),
    ],
)
def test_the_rows_of_an_insert_begin_after_its_format(text: bytes, sql: bytes, name: str, data: bytes) -> None:
    landing = read_landing(text)
    assert landing is not None
    assert (landing.sql, landing.format, text[landing.data_start :]) == (sql, name, data)


@pytest.mark.parametrize("text", [b"INSERT INTO t SELECT 1 FORMAT CSV", b"SELECT 1 FORMAT CSV", b"", b"INSERT INTO t"])
def test_statements_without_rows_of_their_own_are_not_landings(text: bytes) -> None:
    assert read_landing(text) is None


@pytest.mark.parametrize(
    ("text", "kind", "name", "tail"),
    [
        (b"SELECT 1 FORMAT JSON", Kind.ASK, "JSON", b""),
        (b"(SELECT 1) FORMAT `Null` ;", Kind.ASK, "Null", b" "),
        (b"SELECT 1 FORMAT CSV SETTINGS a = 1", Kind.ASK, "CSV", b" SETTINGS a = 1"),
        (b"SELECT ' FORMAT JSON' -- FORMAT CSV", Kind.ASK, "", b""),
        (b"WITH x AS (SELECT 1 AS format) SELECT format FROM x", Kind.ASK, "", b""),
        (b"CREATE TABLE t (a Int8) ENGINE = Memory", Kind.DO, "", b""),
        (b"SET a = 1", Kind.DO, "", b""),
    ],
)
def test_the_format_clause_is_found_at_the_end_only(text: bytes, kind: Kind, name: str, tail: bytes) -> None:
    statement = read_statement(text)
    assert (statement.kind, statement.format, statement.tail) == (kind, name, tail)
