"""The meaning of the public tables: by hand, against a naive reference, and whatever way they were built."""

import pytest

from event_lens.warehouse.connection import Warehouse
from tests.spec.cases import CASES
from tests.spec.conftest import RANDOM_PROJECTS, Spec
from tests.spec.tables import QUESTIONS, REFERENCE


@pytest.mark.parametrize("name", CASES)
def test_answer_is_the_one_written_by_hand(spec: Spec, warehouse: Warehouse, name: str) -> None:
    case = CASES[name]
    rows = warehouse.rows(case.ask, {"project": spec.projects[name].project_id})
    assert [tuple(row.values()) for row in rows] == case.answer, case.rule


@pytest.mark.parametrize("table", QUESTIONS)
@pytest.mark.parametrize("name", [*CASES, *(f"random_{seed}" for seed in range(RANDOM_PROJECTS))])
def test_table_equals_the_reference(spec: Spec, table: str, name: str) -> None:
    expected = sorted(REFERENCE[table](spec.histories[name]), key=repr)
    assert _comparable(spec.incremental[table, name]) == _comparable(expected)


@pytest.mark.parametrize("table", QUESTIONS)
def test_a_second_run_changes_nothing(spec: Spec, table: str) -> None:
    assert {key: rows for key, rows in spec.repeated.items() if key[0] == table} == {
        key: rows for key, rows in spec.incremental.items() if key[0] == table
    }


@pytest.mark.parametrize("table", QUESTIONS)
def test_full_refresh_equals_incremental(spec: Spec, table: str) -> None:
    assert {key: rows for key, rows in spec.refreshed.items() if key[0] == table} == {
        key: rows for key, rows in spec.incremental.items() if key[0] == table
    }


def test_random_histories_meet_every_rule(spec: Spec) -> None:
    found = {key: rows for key, rows in spec.incremental.items() if key[1].startswith("random")}
    ledger = [row for (table, _), rows in found.items() if table == "ingest_hourly" for row in rows]
    assert all(sum(row[position] for row in ledger) > 20 for position in range(1, 6))
    assert sum(len(rows) for (table, _), rows in found.items() if table == "identities") > 20


def test_an_incremental_run_without_days_is_refused(spec: Spec) -> None:
    with pytest.raises(AssertionError, match="is built by days: pass --vars"):
        spec.build.run("--select", "metrics_daily")


def _comparable(rows: list[tuple[object, ...]]) -> list[str]:
    return sorted(repr(row) for row in rows)
