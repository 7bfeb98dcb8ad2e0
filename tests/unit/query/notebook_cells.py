"""Runs the cells of a notebook in this process, as a kernel would: no process a notebook, no sockets."""

import ast
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import altair

from query.client.lens import Lens

FOLDER = Path(__file__).parents[3] / "notebooks"


def code_cells(name: str) -> Iterator[str]:
    notebook = json.loads((FOLDER / f"{name}.ipynb").read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


def run_notebook(name: str, lens: Lens, of_lake: Callable[[Path], Lens]) -> list[altair.TopLevelMixin]:
    """The charts that the notebook shows; `lens` is what its `connect()` gives, `of_lake` that of a lake."""
    names: dict[str, Any] = {"__name__": "__main__"}
    shown = []

    def connect(*, lake: Path | None = None) -> Lens:
        return of_lake(lake) if lake else lens

    with patch("query.client.connect", connect), patch.object(sys, "path", [str(FOLDER), *sys.path]):
        for source in code_cells(name):
            shown.append(_run_cell(source, f"{name}.ipynb", names))
    return [value for value in shown if isinstance(value, altair.TopLevelMixin)]


def _run_cell(source: str, file: str, names: dict[str, Any]) -> Any:
    """The value of the last expression, which a notebook shows."""
    tree = ast.parse(source, file)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, file, "exec"), names)
    return eval(compile(ast.Expression(last.value), file, "eval"), names) if isinstance(last, ast.Expr) else None
