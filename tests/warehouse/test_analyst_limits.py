"""The read-only user's limits hold, whichever way a question tries to raise them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from chdb_server.config import ANALYST_QUERIES
from chdb_server.guard.concurrency import ConcurrencyLimit
from chdb_server.guard.failure import StatementError
from event_lens.warehouse.client import Warehouse
from tests.warehouse.node_client import need_node, run_scenario
from tests.warehouse.running import wait_for_statement

pytestmark = pytest.mark.usefixtures("only_embedded")

# A statement for each limit, and the code with which it is ended.
ENDED = {
    "max_execution_time": ("SELECT count() FROM numbers(999999999) WHERE sipHash64(toString(number)) = 1", "159"),
    "max_memory_usage": ("SELECT length(groupArray(toString(number))) FROM numbers(900000000)", "241"),
    "max_result_rows": ("SELECT number FROM numbers(1000001)", "396"),
    "max_result_bytes": ("SELECT repeat(toString(number % 10), 2000) FROM numbers(600000)", "396"),
    "max_rows_to_read": ("SELECT count() FROM numbers(200000000000) WHERE sipHash64(number) = 1", "158"),
}
RAISED = {
    "max_execution_time": "61",
    "max_memory_usage": "90000000000",
    "max_result_rows": "1000001",
    "max_result_bytes": "1000000001",
    "max_rows_to_read": "1000000001",
}


@pytest.mark.parametrize("name", sorted(ENDED.keys() - {"max_execution_time", "max_result_bytes"}))
def test_a_question_that_takes_too_much_is_ended(analyst: httpx.Client, name: str) -> None:
    sql, code = ENDED[name]
    answer = analyst.post("/", params={"wait_end_of_query": "1", "max_block_size": "5000"}, content=sql)
    assert answer.headers["x-clickhouse-exception-code"] == code, answer.text[:500]


def test_an_answer_that_grows_too_large_breaks_off(analyst: httpx.Client) -> None:
    sql, _ = ENDED["max_result_bytes"]
    received: list[int] = []
    with (
        analyst.stream("POST", "/", params={"max_block_size": "5000"}, content=sql) as answer,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        received.extend(map(len, answer.iter_raw()))
    assert 0 < sum(received) < 1_000_000_000


def test_a_question_that_takes_too_long_is_ended(analyst: httpx.Client) -> None:
    sql, code = ENDED["max_execution_time"]
    answer = analyst.post("/", params={"max_execution_time": "1"}, content=sql)
    assert answer.headers["x-clickhouse-exception-code"] == code


@pytest.mark.parametrize("name", sorted(RAISED))
@pytest.mark.parametrize("value", ["raised", "0", "-1", "", "1e3", "0x10", "18446744073709551616"])
def test_no_limit_is_raised_by_url(analyst: httpx.Client, name: str, value: str) -> None:
    value = RAISED[name] if value == "raised" else value
    answer = analyst.post("/", params={name: value}, content="SELECT 1")
    assert answer.status_code >= 400
    violated, unreadable = "452", ("27", "32", "36", "72")
    assert answer.headers["x-clickhouse-exception-code"] in (violated, *unreadable)
    if value in (RAISED[name], "0"):
        assert answer.headers["x-clickhouse-exception-code"] == violated


@pytest.mark.parametrize("name", sorted(RAISED))
@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 SETTINGS {name} = {value}",
        "SELECT * FROM (SELECT 1 SETTINGS {name} = {value})",
        "WITH x AS (SELECT 1 SETTINGS {name} = {value}) SELECT * FROM x",
        "SELECT 1 IN (SELECT 1 SETTINGS {name} = {value})",
        "SELECT * FROM view(SELECT 1 SETTINGS {name} = {value})",
        "SELECT 1 UNION ALL SELECT 1 SETTINGS {name} = {value}",
        "SELECT 1 SETTINGS {name} = {value} FORMAT CSV",
        "SELECT 1 FORMAT CSV SETTINGS {name} = {value}",
        "SELECT 1 SETTINGS {name} = DEFAULT",
        "EXPLAIN SELECT 1 SETTINGS {name} = {value}",
        "DESC (SELECT 1 SETTINGS {name} = {value})",
        "SHOW TABLES SETTINGS {name} = {value}",
        "SET {name} = {value}",
        "SET {name} = DEFAULT",
        "ALTER USER default SETTINGS {name} = {value}",
    ],
)
def test_no_limit_is_raised_by_sql(analyst: httpx.Client, name: str, text: str) -> None:
    for value in (RAISED[name], "0"):
        answer = analyst.post("/", content=text.format(name=name, value=value))
        code = answer.headers["x-clickhouse-exception-code"]
        assert (answer.status_code, code) in ((403, "497"), (400, "62")), answer.text


def test_no_limit_is_raised_by_the_settings_of_clickhouse_connect(guarded_url: str) -> None:
    url = httpx.URL(guarded_url)
    with clickhouse_connect.get_client(host=url.host, port=url.port or 8123, username="analyst") as client:
        for name, value in RAISED.items():
            with pytest.raises(DatabaseError, match="SETTING_CONSTRAINT_VIOLATION"):
                client.query("SELECT 1", settings={name: value})


def test_no_limit_is_raised_by_clickhouse_settings_in_node(guarded_url: str) -> None:
    need_node()
    found = run_scenario(
        guarded_url,
        "errors",
        queries=["SELECT 1"],
        username="analyst",
        client={"clickhouse_settings": {"max_memory_usage": "0"}},
    )
    assert [(error["code"], error["type"]) for error in found] == [("452", "SETTING_CONSTRAINT_VIOLATION")]


def test_limits_stand_again_after_a_session_lowered_them(analyst: httpx.Client) -> None:
    session = {"session_id": "lowered"}
    asked = "SELECT getSetting('max_result_rows')"
    assert analyst.post("/", params={**session, "max_result_rows": "5"}, content=asked).text == "5\n"
    assert analyst.post("/", params=session, content=asked).text == "1000000\n"


def test_all_questions_together_leave_half_of_the_memory_to_the_owner(
    analyst: httpx.Client, warehouse: Warehouse
) -> None:
    each = int(analyst.post("/", content="SELECT getSetting('max_memory_usage')").text)
    owner = int(warehouse.value("SELECT getSetting('max_memory_usage')") or 0)
    assert each * ANALYST_QUERIES <= owner * 4 // 3 // 2


def test_a_few_questions_run_at_a_time_and_the_owner_still_gets_through(
    analyst: httpx.Client, http: httpx.Client
) -> None:
    slow = "SELECT count() FROM numbers(8000000) WHERE sipHash64(toString(number), 'turns') = 1"
    running = "SELECT count() FROM system.processes WHERE position(query, '''turns''') > 0"
    most = 0
    with ThreadPoolExecutor(ANALYST_QUERIES * 3) as pool:
        asked = [pool.submit(analyst.post, "/", content=slow) for _ in range(ANALYST_QUERIES * 3)]
        wait_for_statement(http, "turns")
        while not all(each.done() for each in asked):
            most = max(most, int(http.post("/", content=f"{running} AND query NOT LIKE '%processes%'").text))
    assert {each.result().text for each in asked} == {"0\n"}
    assert 0 < most <= ANALYST_QUERIES


def test_a_question_that_waits_too_long_for_a_turn_is_refused_and_the_turn_is_not_lost() -> None:
    async def scenario() -> Any:
        turns = ConcurrencyLimit(1, patience_seconds=0.05)
        async with turns.take():
            with pytest.raises(StatementError, match="TOO_MANY_SIMULTANEOUS_QUERIES"):
                async with turns.take():
                    raise AssertionError("there was only one turn")
        async with turns.take():
            return "again"

    assert asyncio.run(scenario()) == "again"


def test_clients_that_leave_give_their_turns_back(analyst: httpx.Client) -> None:
    slow = "SELECT count() FROM numbers(999999999) WHERE sipHash64(toString(number), repeat('x', 300)) = 1"
    left = Event()

    def leave() -> None:
        with pytest.raises(httpx.ReadTimeout):
            analyst.post("/", content=slow, timeout=0.5)
        left.set()

    with ThreadPoolExecutor(ANALYST_QUERIES * 2) as pool:
        for _ in range(ANALYST_QUERIES * 2):
            pool.submit(leave)
    assert left.is_set()
    assert analyst.post("/", content="SELECT 1", timeout=20).text == "1\n"
