"""`docs/tables.md`, written from dbt's manifest."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

INTRODUCTION = """# Tables

The public tables of the database `lens`, as their dbt models describe them. This page is written from the models by
`python -m docs.generate`. Rows of a project carry its `project_id`; bots and duplicates are left out. A
column that ends in `_state` holds a distinct count that can be merged over days, for example
`uniqExactMerge(unique_visitors_state)`.
"""


def tables_page(manifest: Mapping[str, Any]) -> str:
    """The text of the page: every model of the schema `lens`, with its columns."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    public = sorted((model for model in models if model["schema"] == "lens"), key=lambda model: str(model["name"]))
    return INTRODUCTION + "".join(_table(model) for model in public)


def _table(model: Mapping[str, Any]) -> str:
    rows = "".join(_column(column) for column in model["columns"].values())
    return (
        f"\n## {model['name']}\n\n{_one_line(model['description'])}\n\n"
        f"| column | type | meaning |\n| --- | --- | --- |\n{rows}"
    )


def _column(column: Mapping[str, Any]) -> str:
    kind = f"`{column['data_type']}`" if column["data_type"] else ""
    return f"| `{column['name']}` | {kind} | {_one_line(column['description'])} |\n"


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def read_manifest(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest
