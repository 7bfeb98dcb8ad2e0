"""`docs/metrics.md`, written from the cases of the spec."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from textwrap import dedent
from types import ModuleType
from typing import Any
from uuid import UUID

from tests.spec.cases import attribution, cohorts, counting, flows, funnels, handovers, people, returns, sessions
from tests.spec.cases.case import Case
from tests.spec.rows import Project, Row

INTRODUCTION = """# Metrics

This page shows the meaning of the numbers by examples. Each example lists the events sent to a project, a question to
the tables of `lens`, and its answer. The tests send exactly these events, in several orders of landing, and compare
the answers. This page is generated from the tests' cases by `python -m docs.generate`; the terms are defined in the
[glossary](glossary.md). Times are UTC. Every example has its own project, whose id replaces `{project}` in the
question.
"""
TOPICS: dict[str, ModuleType] = {
    "Sessions": sessions,
    "Going on from yesterday's device": handovers,
    "People": people,
    "What counts": counting,
    "Funnels": funnels,
    "Retention": returns,
    "Cohorts": cohorts,
    "Attribution": attribution,
    "Page flows": flows,
}
# The beginning and the end of a long list are enough.
FIRST_SHOWN, LAST_SHOWN = 8, 2
# Columns that are shown separately, and columns that are irrelevant here.
APART = ("created_at", "name", "operation", "code", "message", "event_id", "project_id", "batch_id", "batch_row")


def metrics_page() -> str:
    """Return the text of the page: a heading for each topic, and every case of the topic."""
    return INTRODUCTION + "".join(_topic(title, list(topic.CASES.values())) for title, topic in TOPICS.items())


def _topic(title: str, cases: Sequence[Case]) -> str:
    asked = [
        _question(case.ask, before) for case, before in zip(cases, ["", *(case.ask for case in cases)], strict=False)
    ]
    return f"\n## {title}\n{''.join(map(_case, cases, asked))}"


def _case(case: Case, question: str) -> str:
    project = Project("example", **case.settings)
    case.send(project)
    return f"\n### {case.rule}\n\n{_settings(case.settings)}{_sent(project)}\n{question}\n{_answer(case)}"


def _settings(settings: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in settings.items() if name != "definitions"}
    lines = [f"- {name.replace('_', ' ')}: `{_text(value)}`" for name, value in plain.items()]
    for kind, rows in settings.get("definitions", {}).items():
        lines += [f"- {kind} `{row[f'{kind}_id']}`: {_definition(kind, row)}" for row in rows]
    return "\n".join(["With these settings and definitions:", "", *lines]) + "\n\n" if lines else ""


def _definition(kind: str, row: Row) -> str:
    apart = ("name", f"{kind}_id")
    told = {name: value for name, value in row.items() if name not in apart and value not in ("", [], "[]")}
    return ", ".join(f"{name.replace('_', ' ')} `{_text(value)}`" for name, value in told.items())


def _sent(project: Project) -> str:
    """Return a table of all sent rows. Its columns are those in which some row differs from the default."""
    rows = [*project.events, *project.operations, *project.rejected]
    usual = _usual()
    names = [name for row in rows for name in row if name not in APART and row[name] != usual.get(name, "")]
    told = [name for name in dict.fromkeys(names) if name != "received_at"]
    is_late = any(row["received_at"] != row.get("created_at", row["received_at"]) for row in rows)
    has_ids = any(_is_chosen(row) for row in rows)
    header = ["time", *(["received"] if is_late else []), "sent", *(["event id"] if has_ids else []), *told]
    lines = []
    for row in rows:
        cells = [_time(row.get("created_at", row["received_at"]))]
        cells += [_time(row["received_at"])] if is_late else []
        cells.append(row.get("name") or row.get("operation") or f"refused: {row['code']}")
        cells += [row["event_id"] if _is_chosen(row) else ""] if has_ids else []
        lines.append([*cells, *(_text(row.get(name, "")) for name in told)])
    if len(lines) > FIRST_SHOWN + LAST_SHOWN + 1:
        left_out = [f"... {len(lines) - FIRST_SHOWN - LAST_SHOWN} more"] + [""] * (len(header) - 1)
        lines = [*lines[:FIRST_SHOWN], left_out, *lines[-LAST_SHOWN:]]
    return _table([name.replace("_", " ") for name in header], lines)


def _usual() -> Row:
    """Return the values that a device's row has unless a case says otherwise. The device itself is always shown."""
    project = Project("usual")
    row = project.event("2026-01-01") | project.operation("2026-01-01", "identify", "") | {"path": ""}
    return row | {"device_id": "", "body_length": 0}


def _is_chosen(row: Row) -> bool:
    """Return whether the case chose the event's id; ids that a case does not choose are multiples of a large number."""
    made = pow(0x9E3779B97F4A7C15F39CC0605CEDC835, -1, 2**128)
    return "event_id" in row and UUID(row["event_id"]).int * made % 2**128 > 10**9


def _question(sql: str, before: str) -> str:
    if sql == before:
        return "To the same question:\n"
    first, _, rest = sql.partition("\n")
    return f"```sql\n{first}\n{dedent(rest)}\n```\n".replace("\n\n```", "\n```")


def _answer(case: Case) -> str:
    return _table(_columns(case.ask), [[_text(value) for value in row] for row in case.answer])


def _columns(sql: str) -> list[str]:
    """Return the names of the columns that a question selects: the name after `as`, or the first column inside the
    functions.
    """
    selected = re.split(r"\bfrom\b", sql.removeprefix("select"), maxsplit=1)[0]
    return [_column(each) for each in _parts(selected)]


def _column(expression: str) -> str:
    if named := re.search(r"\bas (\w+)\s*$", expression):
        return named[1].replace("_", " ")
    plain = re.sub(r"'[^']*'", "", expression)
    found = re.search(r"\b[a-z_]\w*\b(?!\s*\()", plain)
    return found[0].replace("_", " ") if found else expression.strip()


def _parts(selected: str) -> Iterator[str]:
    """Yield the parts between commas, except commas in brackets or in a text."""
    depth, is_text, part = 0, False, ""
    for sign in selected:
        is_text ^= sign == "'"
        depth += 0 if is_text else (sign in "([") - (sign in ")]")
        if sign == "," and not depth and not is_text:
            yield part
            part = ""
        else:
            part += sign
    yield part


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "(no rows)\n"
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


def _time(at: int) -> str:
    """Return epoch milliseconds as `2026-02-02 10:00`, with seconds and milliseconds unless they are 0."""
    text = datetime.fromtimestamp(at / 1000, UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")
    return text.removesuffix(".000").removesuffix(":00")


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
