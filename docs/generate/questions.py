"""Questions about the tables as files of SQL, and their answers on the demo's data, as the pages show them.

A file begins with the question as a comment. If a call of the Python client gives the same answer, the comment has this
call, too. The answers are written by the test that asks: `python -m docs.generate.answers`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = ROOT / "docs" / "answers.json"
PARAMETERS = {"project": "demo-shop", "start": "2026-04-27", "end": "2026-06-24"}
COMMENT = "-- "
FIRST_SHOWN = 9


@dataclass(frozen=True)
class SqlQuestion:
    """One question. `name` is its file under `docs/`, without the ending; `call` is empty if only SQL answers the
    question.
    """

    name: str
    question: str
    call: str
    sql: str


def read_questions(folder: str) -> list[SqlQuestion]:
    """Return the questions in a folder of `docs/`, in the order of their files."""
    return [_read(path) for path in sorted((ROOT / "docs" / folder).glob("*.sql"))]


def _read(path: Path) -> SqlQuestion:
    lines = path.read_text().splitlines()
    told = [line.removeprefix(COMMENT) for line in lines if line.startswith(COMMENT)]
    name = f"{path.parent.name}/{path.stem}"
    sql = "\n".join(lines[len(told) :])
    return SqlQuestion(name, told[0], told[1] if len(told) > 1 else "", sql)


def read_answers() -> dict[str, dict[str, Any]]:
    """Return the answers as `{columns, rows}`, by the name of the question."""
    answers: dict[str, dict[str, Any]] = json.loads(ANSWERS.read_text())
    return answers


def answer_table(answer: dict[str, Any]) -> str:
    """Return the answer as a Markdown table, cut after its first rows."""
    rows: list[list[Any]] = answer["rows"]
    if not rows:
        return "(no rows)\n"
    left = len(rows) - FIRST_SHOWN
    cut = [[f"... {left} more", *[""] * (len(rows[0]) - 1)]] if left > 1 else rows[FIRST_SHOWN:]
    lines = [answer["columns"], ["---"] * len(rows[0]), *[[_text(cell) for cell in row] for row in rows[:FIRST_SHOWN]]]
    return "".join(_line(cells) for cells in [*lines, *cut])


def _line(cells: Sequence[Any]) -> str:
    return f"| {' | '.join(_text(cell) for cell in cells)} |\n"


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        return " → ".join(map(_text, value))
    return str(value).replace("|", "\\|")
