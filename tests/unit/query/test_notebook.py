"""The notebook runs against a real process, and the two engines in it agree."""

import os
from pathlib import Path
from unittest.mock import patch

import nbclient
import nbformat
import pytest

from tests.unit.query.sample_projects import World

NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "retention_cohorts.ipynb"


# The kernel's own client warns of its event loop and leaves sockets to the collector.
@pytest.mark.filterwarnings("default")
def test_the_cohorts_of_the_api_and_of_duckdb_agree(world: World) -> None:
    notebook = nbformat.reads(NOTEBOOK.read_text(), as_version=4)  # type: ignore[no-untyped-call]
    key = world.keys["random"]
    environment = {
        "EVENTLENS_QUERY_URL": world.url,
        "EVENTLENS_QUERY_KEY": f"{key['openpanel-client-id']}:{key['openpanel-client-secret']}",
        "LENS_RANGE": "5y",
        "PYTHONPATH": str(NOTEBOOK.parents[1]),
    }
    with patch.dict(os.environ, environment):
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    said = [output["text"] for cell in notebook.cells for output in cell.get("outputs", []) if "text" in output]
    assert any("the two engines agree on every one" in text for text in said)


def test_no_output_is_committed() -> None:
    notebook = nbformat.reads(NOTEBOOK.read_text(), as_version=4)  # type: ignore[no-untyped-call]
    assert [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")] == []
