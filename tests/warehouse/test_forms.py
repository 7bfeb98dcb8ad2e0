"""Forms: long parameters and external tables, as curl sends them."""

import re
from typing import Any

import httpx
import pytest

ROWS = b"1\ta\n2\tb\n"


@pytest.mark.parametrize("is_analyst", [False, True])
def test_the_query_and_its_parameters_may_be_fields(
    http: httpx.Client, analyst: httpx.Client, is_analyst: bool
) -> None:
    fields = {
        "query": (None, "SELECT {a:String}, length({b:String})"),
        "param_a": (None, "x"),
        "param_b": (None, "y" * 999_999),
    }
    assert (analyst if is_analyst else http).post("/", files=fields).text == "x\t999999\n"


@pytest.mark.parametrize(
    ("described", "columns"),
    [
        ({"t_structure": "n UInt8, s String"}, "n, s"),
        ({"t_structure": "`n n` UInt8, s LowCardinality(Nullable(String))"}, "`n n`, s"),
        ({"t_structure": "n Decimal(18, 4), s Enum8('a' = 1, 'b' = 2)", "t_format": "TabSeparated"}, "n, s"),
        ({"t_types": "UInt8, FixedString(1)"}, "_1, _2"),
    ],
)
def test_files_are_tables_for_one_question(http: httpx.Client, described: dict[str, str], columns: str) -> None:
    params = {"query": f"SELECT {columns} FROM t ORDER BY 1", **described}
    assert http.post("/", params=params, files={"t": ("t", ROWS)}).content == ROWS
    assert http.post("/", content="SELECT * FROM t").status_code == 404


@pytest.mark.parametrize(
    "structure",
    [
        "", "n", "UInt8", "n UInt8,", ", n UInt8", "n UInt8 s String", "n UInt8; DROP TABLE t", "n (UInt8)",
        "n UInt8) ENGINE = File(CSV", "n UInt8) ENGINE = File(CSV) --", "n UInt8 DEFAULT file('/etc/passwd'), s String",
        "n UInt8, s String ALIAS file('/etc/passwd')", "n UInt8, s String MATERIALIZED file('/etc/passwd')",
        "n UInt8 TTL now(), s String", "n UInt8, s String CODEC(NONE)", "n UInt8 /*, s String", "n `UInt8`, s String",
        "n UInt8, s String, CONSTRAINT c CHECK file('/etc/passwd')", "n Enum8($$a$$ = 1), s String",
        "n UInt8, n String", "n UInt8 EPHEMERAL, s String", "n UInt8, s String NULL", "n UInt8, s String",
        "n AggregateFunction(quantile(length(file('/etc/passwd'))), UInt8), s String", "n Nope, s String",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["url", "form"])
def test_the_analyst_brings_no_table_whatever_its_structure(analyst: httpx.Client, structure: str, place: str) -> None:
    described = {"query": "SELECT * FROM t", "t_structure": structure}
    files: dict[str, Any] = {"t": ("t", ROWS)}
    in_url, in_form = (described, {}) if place == "url" else ({}, described)
    answer = analyst.post("/", params=in_url, data=in_form, files=files)
    assert answer.status_code == 403
    assert answer.headers["x-clickhouse-exception-code"] in ("164", "497")
    assert "root:" not in answer.text


BROKEN = [
    ("multipart/form-data", b"--x\r\n"),
    ("multipart/mixed; boundary=x", b"--x--\r\n"),
    ("multipart/form-data; boundary=x", b"no form at all"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1'),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: text/plain\r\n\r\nSELECT 1\r\n--x--\r\n"),
]


@pytest.mark.parametrize(("content_type", "body"), BROKEN)
def test_a_broken_form_of_the_analyst_is_the_callers_fault(
    analyst: httpx.Client, content_type: str, body: bytes
) -> None:
    answer = analyst.post("/", headers={"Content-Type": content_type}, content=body)
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


@pytest.mark.parametrize("name", ["lens_raw.events", "a b", "`x`"])
def test_the_analyst_cannot_name_a_table_of_others_by_an_external_one(analyst: httpx.Client, name: str) -> None:
    answer = analyst.post("/", params={"query": "SELECT 1"}, files={name: ("t", ROWS)})
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (403, "497")
