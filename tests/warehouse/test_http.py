"""ClickHouse's HTTP interface as curl uses it."""

import gzip
import json
import socket
import zlib
from random import Random
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import lz4.frame  # type: ignore[import-untyped]
import pytest
import zstandard

from event_lens.warehouse.client import Warehouse


def test_ping_and_the_bare_address_say_ok(http: httpx.Client) -> None:
    assert http.get("/ping").text == "Ok.\n"
    assert http.get("/").text == "Ok.\n"
    assert http.get("/replicas_status").text == "Ok.\n"
    for path in ("/", "/ping", "/replicas_status"):
        assert (http.head(path).status_code, http.head(path).text) == (200, "")
    assert http.get("/nothing/here").status_code == 404
    assert http.put("/", params={"query": "SELECT 1"}).status_code == 501


def test_the_guard_answers_ok_to_everybody_who_asks_whether_it_runs(analyst: httpx.Client) -> None:
    for path in ("/", "/ping", "/replicas_status"):
        assert analyst.get(path).text == "Ok.\n"
        assert (analyst.head(path).status_code, analyst.head(path).text) == (200, "")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_in_the_url_or_in_the_body_is_answered(http: httpx.Client, method: str) -> None:
    answer = http.request(method, "/", params={"query": "SELECT 1, 'a'"})
    assert (answer.status_code, answer.text) == (200, "1\ta\n")
    assert http.post("/", content=b"SELECT 2").text == "2\n"
    assert http.post("/", params={"query": "SELECT 1 +"}, content=b"41").text == "42\n"


def test_the_format_comes_from_the_header_then_the_clause_then_the_url(http: httpx.Client) -> None:
    check_formats(http)


def test_the_format_comes_from_the_same_places_for_the_analyst(analyst: httpx.Client) -> None:
    check_formats(analyst)


def check_formats(http: httpx.Client) -> None:
    """The header goes before the clause, and the clause before the URL."""
    sql = "SELECT 'x' AS a"
    url = {"default_format": "JSONEachRow"}
    header = {"X-ClickHouse-Format": "CSV"}
    clause = f"{sql} FORMAT JSONCompactEachRow"
    answer = http.post("/", params=url, headers=header, content=clause)
    assert (answer.text, answer.headers["x-clickhouse-format"]) == ('"x"\n', "CSV")
    assert http.post("/", params=url, content=clause).text == '["x"]\n'
    assert http.post("/", params=url, content=sql).text == '{"a":"x"}\n'
    assert http.post("/", headers=header, content=sql).text == '"x"\n'


def test_settings_parameters_and_database_come_from_the_url(http: httpx.Client) -> None:
    url = {"max_threads": "1", "database": "system", "param_list": "['a','b']", "param_text": "tab\\tback\\\\"}
    sql = "SELECT getSetting('max_threads'), currentDatabase(), {list:Array(String)}, {text:String}"
    answer = http.post("/", params=url, content=f"{sql} FORMAT JSONCompactEachRow")
    assert answer.json() == [1, "system", ["a", "b"], "tab\tback\\"]
    assert http.post("/", content="SELECT currentDatabase()").text == "default\n"


def test_the_headers_tell_about_the_answer(http: httpx.Client) -> None:
    params = {"query_id": "my-query", "wait_end_of_query": "1"}
    answer = http.post("/", params=params, content="SELECT number FROM numbers(7)")
    assert answer.headers["x-clickhouse-query-id"] == "my-query"
    assert answer.headers["x-clickhouse-format"] == "TabSeparated"
    assert answer.headers["x-clickhouse-timezone"]
    assert answer.headers["x-clickhouse-server-display-name"]
    summary = json.loads(answer.headers["x-clickhouse-summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("7", "7")


@pytest.mark.parametrize("in_url", [True, False])
@pytest.mark.parametrize(
    ("clause", "rows"),
    [
        ("FORMAT JSONEachRow", b'{"n":1,"s":"x"}\n{"n":2}'),
        ("FORMAT CSV", b'1,"a;b"\n2,c'),
        ("VALUES", b"(1,'x'), (2,'y')"),
    ],
)
def test_an_insert_takes_its_rows_from_the_body(
    http: httpx.Client, warehouse: Warehouse, table: str, in_url: bool, clause: str, rows: bytes
) -> None:
    statement = f"INSERT INTO {table} {clause}"
    if in_url:
        answer = http.post("/", params={"query": statement}, content=rows)
    else:
        answer = http.post("/", content=f"{statement}\n".encode() + rows)
    assert (answer.status_code, answer.text) == (200, "")
    assert json.loads(answer.headers["x-clickhouse-summary"])["written_rows"] == "2"
    assert warehouse.value(f"SELECT sum(n) FROM {table}") == 3


def test_an_insert_from_a_question_and_into_columns_works(http: httpx.Client, warehouse: Warehouse, table: str) -> None:
    assert http.post("/", content=f"INSERT INTO {table} (n) SELECT number FROM numbers(5)").status_code == 200
    assert http.post("/", content=f"INSERT INTO {table} (s, n) VALUES ('x', 100)").status_code == 200
    assert warehouse.value(f"SELECT sum(n) FROM {table}") == 110


ENCODED = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
    "lz4": lz4.frame.compress,
}


@pytest.mark.parametrize("encoding", sorted(ENCODED))
def test_compressed_bodies_are_read(http: httpx.Client, warehouse: Warehouse, table: str, encoding: str) -> None:
    rows = b"".join(b'{"n":%d,"s":"abc"}\n' % number for number in range(50_000))
    params = {"query": f"INSERT INTO {table} FORMAT JSONEachRow"}
    halves = ENCODED[encoding](rows[: len(rows) // 2]) + ENCODED[encoding](rows[len(rows) // 2 :])
    answer = http.post("/", params=params, content=halves, headers={"Content-Encoding": encoding})
    assert answer.status_code == 200, answer.text
    assert warehouse.value(f"SELECT count() FROM {table}") == 50_000


@pytest.mark.parametrize("encoding", [*sorted(ENCODED), "br"])
def test_damaged_and_unknown_encodings_are_refused_and_land_nothing(
    http: httpx.Client, warehouse: Warehouse, table: str, encoding: str
) -> None:
    params = {"query": f"INSERT INTO {table} FORMAT JSONEachRow"}
    random = Random(7)
    rows = b"".join(b'{"n":%d}\n' % random.getrandbits(60) for _ in range(50_000))
    whole = ENCODED.get(encoding, gzip.compress)(rows)
    bodies = [whole[: len(whole) // 2], b"not compressed at all"]
    if encoding in ("gzip", "deflate"):
        # The server requires the end mark of these encodings.
        bodies.append(whole[:-6])
    for body in bodies:
        answer = http.post("/", params=params, content=body, headers={"Content-Encoding": encoding})
        assert answer.status_code >= 400
        assert answer.headers["x-clickhouse-exception-code"]
    assert warehouse.value(f"SELECT count() FROM {table}") == 0


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "lz4"])
@pytest.mark.parametrize("is_analyst", [False, True])
def test_answers_are_compressed_when_the_client_asks(
    http: httpx.Client, analyst: httpx.Client, encoding: str, is_analyst: bool
) -> None:
    client = analyst if is_analyst else http
    sql = "SELECT number FROM numbers(100000)"
    headers = {"Accept-Encoding": encoding}
    plain = client.post("/", content=sql)
    assert "content-encoding" not in plain.headers
    refused = client.post("/", params={"enable_http_compression": "0"}, headers=headers, content=sql)
    assert "content-encoding" not in refused.headers
    with client.stream("POST", "/", headers=headers, content=sql) as answer:
        assert answer.headers["content-encoding"] == encoding
        packed = b"".join(answer.iter_raw())
    undo = {"gzip": gzip.decompress, "lz4": lz4.frame.decompress, "zstd": _unzstd}[encoding]
    assert undo(packed) == plain.content
    assert len(packed) < len(plain.content)


def _unzstd(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed)


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELEC 1", 400, 62),
        ("SELECT nope", 404, 47),
        ("SELECT 1 FROM lens.nope", 404, 60),
        ("SELECT 1 FROM nope.nope", 404, 81),
        ("SELECT 1 FORMAT Nope", 404, 73),
        ("SELECT 1 SETTINGS nope = 1", 404, 115),
        ("INSERT INTO lens.nope VALUES (1)", 404, 60),
        ("SELECT 1; SELECT 2", 400, 62),
        ("SELECT 1 INTO OUTFILE 'x'", 500, 358),
    ],
)
def test_exceptions_carry_clickhouse_code_and_a_fitting_status(
    http: httpx.Client, sql: str, status: int, code: int
) -> None:
    answer = http.post("/", content=sql)
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (status, str(code))
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")


def test_a_failure_after_the_answer_began_breaks_the_connection(http: httpx.Client) -> None:
    got = bytearray()
    sql = "SELECT throwIf(number = 2000000), number FROM numbers(3000000)"
    with pytest.raises(httpx.RemoteProtocolError), http.stream("POST", "/", content=sql) as answer:  # noqa: PT012
        assert answer.status_code == 200
        for piece in answer.iter_raw():
            got += piece
    assert b"Code: 395." in got[-1000:]


def test_a_get_does_not_write(http: httpx.Client, table: str) -> None:
    for sql in (f"INSERT INTO {table} VALUES (1, 'a')", f"DROP TABLE {table}", f"INSERT INTO {table} SELECT 1, ''"):
        answer = http.get("/", params={"query": sql})
        assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (500, "164")
    assert http.get("/", params={"query": f"EXISTS {table}"}).text == "1\n"


def test_a_session_keeps_its_settings_tables_and_database(http: httpx.Client) -> None:
    session = {"session_id": uuid4().hex, "session_timeout": "5"}
    for sql in ("SET max_block_size = 12345", "CREATE TEMPORARY TABLE kept (n Int8)", "USE system"):
        assert http.post("/", params=session, content=sql).status_code == 200
    assert http.post("/", params=session, content="INSERT INTO kept VALUES (7)").status_code == 200
    answer = http.post(
        "/", params=session, content="SELECT getSetting('max_block_size'), currentDatabase(), n FROM kept"
    )
    assert answer.text == "12345\tsystem\t7\n"
    assert http.post("/", content="SELECT n FROM kept").status_code == 404
    other = http.post("/", params={"session_id": uuid4().hex, "session_check": "1"}, content="SELECT 1")
    assert (other.status_code, other.headers["x-clickhouse-exception-code"]) == (500, "372")


def test_settings_of_one_request_do_not_stay_in_its_session(http: httpx.Client) -> None:
    session = {"session_id": uuid4().hex}
    http.post("/", params=session, content="SET max_block_size = 100")
    asked = "SELECT getSetting('max_block_size'), getSetting('max_threads') = 1"
    assert http.post("/", params={**session, "max_block_size": "7", "max_threads": "1"}, content=asked).text == "7\t1\n"
    assert http.post("/", params=session, content=asked).text.startswith("100\t")


NONSENSE = [
    "query=", "query=%20;%20", "query=--%20nothing", "query=%ff%fe", "query=%00%00", "query=SELECT+1+FORMAT+`%ff`",
    "query=SELECT+1&default_format=%ff", "query=SELECT+1&max_threads=x", "query=SELECT+1&a%20b=1",
    "query=SELECT+1&session_id=s&session_timeout=x", "query=SELECT+1&session_id=s&session_timeout=99999",
    "query=SELECT+1&role=boss", "query=SELECT+1&decompress=1&max_threads=x", "query=INSERT+INTO+t+FORMAT+`%ff`",
    "query=" + "(" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("params", NONSENSE)
def test_nonsense_is_refused_with_a_code(http: httpx.Client, params: str) -> None:
    answer = http.post(f"/?{params}")
    assert answer.status_code >= 400
    assert answer.headers["x-clickhouse-exception-code"] != "1002"
    assert http.post("/", content="SELECT 1").text == "1\n"


@pytest.mark.parametrize("params", [*NONSENSE, "query=SELECT+{a:String}&param_a=%ff"])
def test_nonsense_of_the_analyst_is_refused_with_a_code(analyst: httpx.Client, params: str) -> None:
    answer = analyst.post(f"/?{params}")
    assert answer.status_code >= 400
    assert answer.headers["x-clickhouse-exception-code"] != "1002"
    assert analyst.post("/", content="SELECT 1").text == "1\n"


@pytest.mark.parametrize("sql", [b"SELECT \xff", b"SELECT '\xff'", b"-- \xff\nSELECT 1"])
def test_bytes_of_the_analyst_that_are_no_text_are_refused_with_a_code(analyst: httpx.Client, sql: bytes) -> None:
    answer = analyst.post("/", content=sql)
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (400, "36")


@pytest.mark.parametrize("rows", [b'{"n":1}\n\xff\xff', b'{"n":"\xff"}', b'{"n":1}\n{"n":', b"\x00"])
def test_rows_that_cannot_be_read_land_nothing(
    http: httpx.Client, warehouse: Warehouse, table: str, rows: bytes
) -> None:
    answer = http.post("/", content=f"INSERT INTO {table} FORMAT JSONEachRow\n".encode() + rows)
    assert answer.status_code >= 400
    assert answer.headers["x-clickhouse-exception-code"] not in ("", "1002")
    assert warehouse.value(f"SELECT count() FROM {table}") == 0


@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_a_body_that_is_cut_off_lands_nothing(
    warehouse_url: str, warehouse: Warehouse, table: str, framing: str
) -> None:
    rows = b'{"n":1}\n' * 100
    body = rows if "Length" in framing else b"%x\r\n%s\r\n" % (len(rows), rows)
    address = urlsplit(warehouse_url)
    who = f"X-ClickHouse-User: {address.username}\r\nX-ClickHouse-Key: {address.password}\r\n"
    target = f"/?query=INSERT+INTO+{table}+FORMAT+JSONEachRow"
    head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\n{who}{framing}\r\n\r\n"
    with socket.create_connection((address.hostname or "", address.port or 8123)) as connection:
        connection.sendall(head.encode() + body)
    for _ in range(20):
        assert warehouse.value(f"SELECT count() FROM {table}") == 0


def test_a_session_is_free_again_as_soon_as_its_answer_is_complete(http: httpx.Client) -> None:
    session = {"session_id": uuid4().hex}
    for _ in range(300):
        assert http.post("/", params=session, content="SELECT 1").text == "1\n"
