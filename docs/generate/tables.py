"""`docs/tables.md`, written from dbt's manifest, with a question about each table and its answer on the demo's data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.generate.questions import PARAMETERS, SqlQuestion, answer_table, read_answers, read_questions

INTRODUCTION = """# Tables

The public tables of the database `lens`, as their dbt models describe them. This page is written from the models by
`python -m docs.generate`. Rows of a project carry its `project_id`; bots and duplicates are left out.
All columns are plain, so `SELECT *` works in every client. Distinct counts cannot be added up over rows: over weeks and
months `metrics_weekly` and `metrics_monthly` have them; for other periods count distinct devices in `events`.

Every answer of the API says in `meta.completeThrough` how fresh all tables are. With `make up` a build begins seconds
after events have landed. It swaps whole days, so readers never see half of a day. The answers below are to questions
about the demo's data with `project` = `{project}`, `start` = `{start}`, `end` = `{end}`; the tests ask the same
questions. [The cookbook](cookbook.md) has more questions, and says how to give parameters.
"""
FRESHNESS = {
    "view": "a view, as fresh as the table under it",
    "daily": "each build makes the days anew that what landed touches, other days stay as they are",
    "folded": "each build makes the whole table anew",
}


def tables_page(manifest: Mapping[str, Any]) -> str:
    """Return the text of the page: every model of the schema `lens`, with its columns."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    public = sorted((model for model in models if model["schema"] == "lens"), key=lambda model: str(model["name"]))
    keys, answers = _keys(manifest), read_answers()
    questions = {each.name: each for each in read_questions("tables")}
    parts = [INTRODUCTION.format(**PARAMETERS)]
    for model in public:
        question = questions[f"tables/{model['name']}"]
        parts.append(_table(model, keys[model["unique_id"]]) + _example(question, answers[question.name]))
    return "".join(parts)


def _keys(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the columns of each model's key, taken from the test of that key."""
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    named = [(test["attached_node"], test["test_metadata"]) for test in tests if test.get("test_metadata")]
    return {model: test["kwargs"]["columns"] for model, test in named if test["name"] == "unique_key_of"}


def _table(model: Mapping[str, Any], key: list[str]) -> str:
    rows = "".join(_column(column) for column in model["columns"].values())
    kind = (
        "view" if model["config"]["materialized"] == "view" else next(tag for tag in model["tags"] if tag in FRESHNESS)
    )
    return (
        f"\n## {model['name']}\n\n{_one_line(model['description'])}\n\n"
        f"Key: {', '.join(f'`{column}`' for column in key)}. Freshness: {FRESHNESS[kind]}.\n\n"
        f"| column | type | meaning |\n| --- | --- | --- |\n{rows}"
    )


def _example(question: SqlQuestion, answer: dict[str, Any]) -> str:
    return f"\n{question.question}\n\n```sql\n{question.sql}\n```\n\n{answer_table(answer)}"


def _column(column: Mapping[str, Any]) -> str:
    kind = f"`{column['data_type']}`" if column["data_type"] else ""
    return f"| `{column['name']}` | {kind} | {_one_line(column['description'])} |\n"


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def read_manifest(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest
