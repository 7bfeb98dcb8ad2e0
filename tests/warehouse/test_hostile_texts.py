"""Texts made to keep the guard or the server busy cost whoever sends them, and nobody else."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.warehouse.running import wait_for_statement

pytestmark = pytest.mark.usefixtures("only_embedded")

# Each of these texts once took minutes to hours, because the end of a quote was looked for from every beginning.
WITHOUT_AN_END = {
    "quotes": "SELECT '" + r"\' " * 80_000,
    "comments": "SELECT " + "/* " * 80_000,
    "dollars": "SELECT " + " ".join(f"$a{number}$" for number in range(30_000)),
    "backticks": "SELECT `" + r"\` " * 80_000,
}
LONG = "SELECT " + ", ".join(["1"] * 80_000)


@pytest.mark.parametrize("name", sorted(WITHOUT_AN_END))
def test_a_text_that_never_ends_is_refused_soon(analyst: httpx.Client, name: str) -> None:
    answer = analyst.post("/", content=WITHOUT_AN_END[name], timeout=8)
    assert 400 <= answer.status_code < 500
    assert answer.headers["x-clickhouse-exception-code"] in ("62", "397")


def test_others_are_answered_while_a_long_question_is_judged(analyst: httpx.Client) -> None:
    answered = 0
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(analyst.post, "/", content=LONG)
        while not asked.done():
            assert analyst.get("/ping").text == "Ok.\n"
            answered += 1
    assert asked.result().headers["x-clickhouse-exception-code"] == "168"
    # One that waited for the judgement would be the last; usually there are hundreds.
    assert answered > 30


def test_a_question_longer_than_the_server_reads_is_refused(analyst: httpx.Client) -> None:
    answer = analyst.post("/", content="SELECT 1 -- " + "x" * 262_144)
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (413, "397")
    assert analyst.post("/", content="SELECT 1 -- " + "x" * 200_000).text == "1\n"


@pytest.mark.parametrize(("query_id", "written"), [("$x$", "$$x$$"), ("x''y", "'x''y'")])
def test_a_query_id_that_the_server_would_read_differently_stops_nothing(
    analyst: httpx.Client, http: httpx.Client, query_id: str, written: str
) -> None:
    slow = "SELECT count() FROM numbers(999999999) WHERE sipHash64(toString(number), 'stops nothing') = 1"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(analyst.post, "/", params={"query_id": query_id}, content=slow)
        wait_for_statement(http, "stops nothing")
        answer = analyst.post("/", content=f"KILL QUERY WHERE query_id = {written}")
        http.post("/", content="KILL QUERY WHERE query LIKE '%stops nothing%' AND user = 'analyst'")
        running.result()
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (403, "497")
