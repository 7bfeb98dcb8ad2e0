"""The rooms of the dbt project: a folder is an idea, and each model says in which phase of a build it is filled."""

import re
from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parents[2] / "dbt_project" / "models"
SQL = sorted(MODELS.rglob("*.sql"))


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_a_model_names_the_phase_that_fills_it(path: Path) -> None:
    assert len(re.findall(r"\btags='(?:facts|daily|folded)'", path.read_text())) == 1, "else no build selects it"


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_staging_holds_the_models_that_read_raw_as_it_is(path: Path) -> None:
    assert (path.parent.name == "staging") == path.name.startswith("stg_")
