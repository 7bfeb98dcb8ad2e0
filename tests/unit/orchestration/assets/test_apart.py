"""How long statements may take while a build looks for the project it fails for."""

import os
from types import SimpleNamespace

import pytest
from dbt.artifacts.resources.types import NodeType

from event_lens.settings import read_settings
from orchestration.assets.apart import _statements_of, _took_too_long
from orchestration.dbt import STATEMENT_SECONDS
from orchestration.dbt_run import DbtFailed


@pytest.mark.parametrize(("seconds", "short"), [("900", "112"), ("4", "1")])
def test_a_try_of_some_projects_has_an_eighth_of_the_time_and_later_statements_have_all(
    monkeypatch: pytest.MonkeyPatch, seconds: str, short: str
) -> None:
    settings = read_settings({"EVENTLENS_BUILD_STATEMENT_SECONDS": seconds})
    monkeypatch.setenv(STATEMENT_SECONDS, seconds)
    with _statements_of(settings, is_short=True):
        assert os.environ[STATEMENT_SECONDS] == short
        with _statements_of(settings, is_short=False):
            assert os.environ[STATEMENT_SECONDS] == seconds
        assert os.environ[STATEMENT_SECONDS] == short
    assert os.environ[STATEMENT_SECONDS] == seconds


@pytest.mark.parametrize(
    ("code", "expected"), [("159 (TIMEOUT_EXCEEDED)", True), ("241 (MEMORY_LIMIT_EXCEEDED)", False)]
)
def test_a_statement_that_took_too_long_is_recognised_by_the_warehouses_code(code: str, expected: bool) -> None:
    model = SimpleNamespace(resource_type=NodeType.Model, name="int_conversions")
    said = f"Database Error in model int_conversions {'select 1 ' * 200} Code: {code}"
    assert _took_too_long(DbtFailed("failed", [SimpleNamespace(node=model, message=said)])) is expected
