"""Every notebook runs on the demo's shop and draws; one does so in a kernel of its own, against the API."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import altair
import nbclient
import nbformat
import pytest

from docs.generate.notebooks import NAMES, picture, pictures_of
from docs.generate.pictures import WRITE
from query.client.lake import Lake
from query.client.lens import Lens
from query.client.local import Local
from query.report_context import ProjectScope
from tests.unit.query.demo_shop import CURRENCY, DEMO, NOW, ZONE
from tests.unit.query.notebook_cells import FOLDER, code_cells, run_notebook
from tests.unit.query.sample_projects import World


@pytest.fixture(scope="module")
def lens(world: World, warehouse_url: str) -> Lens:
    """The demo's shop on its last afternoon."""
    assert world.projects["demo"].project_id == DEMO
    return Lens(Local(warehouse_url, lambda _: ProjectScope(DEMO, ZoneInfo(ZONE), CURRENCY), clock=lambda: NOW))


@pytest.fixture(scope="module", autouse=True)
def _home_of_the_demo(world: World, warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the environment says where `make notebook` opens JupyterLab, and where the lake is to lie."""
    told = {"EVENTLENS_HOME": str(world.home), "EVENTLENS_WAREHOUSE_URL": warehouse_url}
    with patch.dict(os.environ, told | {"LENS_LAKE": str(tmp_path_factory.mktemp("lake"))}):
        yield


def _of_lake(folder: Path) -> Lens:
    return Lens(Lake(folder, DEMO, clock=lambda: NOW))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_and_draws_what_the_docs_show(name: str, lens: Lens) -> None:
    charts = run_notebook(name, lens, _of_lake)
    for number, chart in enumerate(charts, 1):
        spec = json.loads(chart.to_json())
        assert _title(spec), f"picture {number} has no title that says what it shows"
        if WRITE in os.environ:
            chart.save(str(picture(name, number)), scale_factor=1)
    assert [picture(name, number) for number in range(1, len(charts) + 1)] == pictures_of(name), (
        "write them again: python -m docs.generate.pictures"
    )


def _title(spec: dict[str, object]) -> object:
    title = spec.get("title")
    return title.get("text") if isinstance(title, dict) else title


def test_unfinished_periods_are_drawn_differently(lens: Lens) -> None:
    (first, *_) = run_notebook("first_look", lens, _of_lake)
    spec = first.to_dict()
    assert [layer["mark"].get("strokeDash") for layer in spec["layer"]] == [None, [4, 4], None]
    assert "not over" in spec["title"]["subtitle"][-1]


def test_pictures_need_no_network(lens: Lens) -> None:
    (chart,) = run_notebook("sql_to_chart", lens, _of_lake)
    assert altair.renderers.active == "svg"
    drawn = chart._repr_mimebundle_()
    assert drawn is not None
    svg = (drawn[0] if isinstance(drawn, tuple) else drawn)["image/svg+xml"]
    fetched = re.findall(r'(?:href|src)="(http[^"]+)"|url\((http[^)]+)\)', svg)
    assert fetched == []


# The kernel's own client warns of its event loop and leaves sockets to the collector.
@pytest.mark.filterwarnings("default")
def test_the_cohorts_of_the_api_and_of_duckdb_agree_in_a_kernel(world: World) -> None:
    path = FOLDER / "retention_cohorts.ipynb"
    notebook = nbformat.reads(path.read_text(), as_version=4)  # type: ignore[no-untyped-call]
    key = world.keys["random"]
    environment = {
        "EVENTLENS_QUERY_URL": world.url,
        "EVENTLENS_QUERY_KEY": f"{key['openpanel-client-id']}:{key['openpanel-client-secret']}",
        "LENS_RANGE": "5y",
        "PYTHONPATH": str(path.parents[1]),
    }
    resources = {"metadata": {"path": str(FOLDER)}}
    with patch.dict(os.environ, environment):
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    said = [output["text"] for cell in notebook.cells for output in cell.get("outputs", []) if "text" in output]
    assert any("the two engines agree on every one" in text for text in said)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_output_is_committed_and_every_notebook_is_listed(path: Path) -> None:
    notebook = nbformat.reads(path.read_text(), as_version=4)  # type: ignore[no-untyped-call]
    assert [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")] == []
    assert path.stem in NAMES
    assert any(re.search(r"connect\((lake=lake)?\)", cell) for cell in code_cells(path.stem))
