"""What is not built yet and what is: together they are the tables after the next build."""

import pytest

from tests.spec.conftest import Spec
from tests.spec.waiting import TABLES

# The first test builds the spec.
pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("table", TABLES)
def test_waiting_and_built_events_together_equal_the_next_build(spec: Spec, table: str) -> None:
    projects = [project for project, at in spec.counted_live if at == table]
    differing = {
        project: sorted(set(spec.counted_live[project, table]) ^ set(spec.counted_built[project, table]))
        for project in projects
        if spec.counted_live[project, table] != spec.counted_built[project, table]
    }
    assert differing == {}
