"""Forms: long parameters and external tables, as curl sends them."""

import re

import httpx
import pytest

ROWS = b"1\ta\n2\tb\n"
USERS = ["default", "analyst"]


@pytest.mark.parametrize("user", USERS)
def test_the_query_and_its_parameters_may_be_fields(http: httpx.Client, only_embedded: None, user: str) -> None:
    fields = {
        "query": (None, "SELECT {a:String}, length({b:String})"),
        "param_a": (None, "x"),
        "param_b": (None, "y" * 999_999),
    }
    assert http.post("/", params={"user": user}, files=fields).text == "x\t999999\n"


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(
    ("described", "columns"),
    [
        ({"t_structure": "n UInt8, s String"}, "n, s"),
        ({"t_structure": "`n n` UInt8, s LowCardinality(Nullable(String))"}, "`n n`, s"),
        ({"t_structure": "n Decimal(18, 4), s Enum8('a' = 1, 'b' = 2)", "t_format": "TabSeparated"}, "n, s"),
        ({"t_types": "UInt8, FixedString(1)"}, "_1, _2"),
    ],
)
def test_files_are_tables_for_one_question(
    http: httpx.Client, only_embedded: None, user: str, described: dict[str, str], columns: str
) -> None:
    params = {"user": user, "query": f"SELECT {columns} FROM t ORDER BY 1", **described}
    assert http.post("/", params=params, files={"t": ("t", ROWS)}).content == ROWS
    assert http.post("/", params={"user": user}, content="SELECT * FROM t").status_code == 404


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(
    "structure",
    [
        "", "n", "UInt8", "n UInt8,", ", n UInt8", "n UInt8 s String", "n UInt8; DROP TABLE t", "n (UInt8)",
        "n UInt8) ENGINE = File(CSV", "n UInt8) ENGINE = File(CSV) --", "n UInt8 DEFAULT file('/etc/passwd'), s String",
        "n UInt8, s String ALIAS file('/etc/passwd')", "n UInt8, s String MATERIALIZED file('/etc/passwd')",
        "n UInt8 TTL now(), s String", "n UInt8, s String CODEC(NONE)", "n UInt8 /*, s String", "n `UInt8`, s String",
        "n UInt8, s String, CONSTRAINT c CHECK file('/etc/passwd')", "n Enum8($$a$$ = 1), s String",
        "n UInt8, n String", "n UInt8 EPHEMERAL, s String", "n UInt8, s String NULL",
        "n AggregateFunction(quantile(length(file('/etc/passwd'))), UInt8), s String", "n Nope, s String",
    ],
)  # fmt: skip
def test_a_structure_is_names_and_types_and_nothing_else(
    http: httpx.Client, only_embedded: None, user: str, structure: str
) -> None:
    params = {"user": user, "query": "SELECT * FROM t", "t_structure": structure}
    answer = http.post("/", params=params, files={"t": ("t", ROWS)})
    assert 400 <= answer.status_code < 500
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/mixed; boundary=x", b"--x--\r\n"),
        ("multipart/form-data; boundary=x", b"no form at all"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1'),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: text/plain\r\n\r\nSELECT 1\r\n--x--\r\n"),
    ],
)
def test_a_broken_form_is_the_callers_fault(http: httpx.Client, content_type: str, body: bytes) -> None:
    answer = http.post("/", headers={"Content-Type": content_type}, content=body)
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (400, "36")


def test_rows_that_do_not_fit_their_table_are_refused(http: httpx.Client) -> None:
    params = {"query": "SELECT count() FROM t", "t_structure": "n UInt8", "t_format": "TSV"}
    answer = http.post("/", params=params, files={"t": ("t", b"1\nx\n")})
    assert answer.status_code == 400
    assert re.match(r"Code: \d+\. DB::Exception: ", answer.text)


def test_a_large_external_table_does_not_have_to_fit_one_piece(http: httpx.Client) -> None:
    rows = b"".join(b"%d\n" % number for number in range(3_000_000))
    params = {"query": "SELECT count(), sum(n) FROM t", "t_structure": "n UInt64"}
    assert http.post("/", params=params, files={"t": ("t", rows)}).text == "3000000\t4499998500000\n"


def test_the_analyst_cannot_name_a_table_of_others_by_an_external_one(http: httpx.Client, only_embedded: None) -> None:
    for name in ("lens_raw.events", "a b", "`x`"):
        answer = http.post(
            "/",
            params={"user": "analyst", "query": "SELECT 1", f"{name}_structure": "n UInt8, s String"},
            files={name: ("t", ROWS)},
        )
        assert answer.status_code == 400
