"""`docs/reports.md`, written from the list of reports and their examples."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from query.parameters import texts
from query.report import Report
from query.reports import REPORTS, identifier_of
from query.schema import schema_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "query" / "examples.json"
MAX_EXAMPLE = 3
COMMON = {
    "startDate": "the [period](api.md#the-period)",
    "endDate": "",
    "range": "",
    "filters": "[`filters`](api.md#filters)",
    "compare": "`compare=previous|year` (the period before, or the year before, as well)",
    "freshness": "[`freshness=live`](api.md#questions)",
    "limit": "`limit` (1 to 10000; 100)",
    "cursor": "`cursor` (`meta.nextCursor` of the page before)",
}
"""Parameters that mean the same wherever they are taken."""
PERIOD = {"startDate": "2026-05-04", "endDate": "2026-05-06"}
HEAD = """# Reports

This page lists every question. It is written from the declarations in `query/reports/` by `python -m docs.generate`.
The examples are real answers; of lists they show the first rows. [The query API](api.md) says how to ask, the
[glossary](glossary.md) defines the words.

You can ask each question by a route of the API, by `eventlens ask REPORT --parameter value`, by a method of the
[Python client](api.md#in-python), and by a tool of `eventlens mcp`.

| report | answers |
| --- | --- |
"""


def example_parameters(report: Report[Any]) -> dict[str, Any]:
    """Return the parameters of a report's example, with a period if the report takes one."""
    taken = {field.encode_name for field in msgspec.structs.fields(report.parameters)}
    return {name: value for name, value in PERIOD.items() if name in taken} | dict(report.example)


def reports_page() -> str:
    """Return the text of the page: a list of the reports, then a section for each."""
    examples = json.loads(EXAMPLES.read_text())
    rows = "".join(f"| [`{name}`](#{_anchor(name)}) | {report.summary} |\n" for name, report in REPORTS.items())
    return HEAD + rows + "".join(_section(report, examples[name]) for name, report in REPORTS.items())


def _section(report: Report[Any], example: dict[str, Any]) -> str:
    method, route = ("POST" if report.has_body else "GET"), f"/insights/{{project}}/{report.name}"
    data = schema_of(report.answer)
    return (
        f"\n## {report.name}\n\n{report.summary} `{method} {route}`, in Python `lens.{identifier_of(report)}(...)`.\n"
        f"{_parameters(report)}{_fields(data)}{_example(report, example)}"
    )


def _parameters(report: Report[Any]) -> str:
    described = schema_of(report.parameters)
    common = [name for name in described["properties"] if name in COMMON and not report.has_body]
    rows = [
        f"| `{path}` | {_type(each)} | {_default(each, is_needed=is_needed)} | {_sentence(each)} |\n"
        for path, each, is_needed in _parameter_paths("", described)
        if path not in common
    ]
    taken = ", ".join(COMMON[name] for name in common if COMMON[name]) or ("no parameters" if not rows else "")
    told = f"\nTakes {taken}.\n" if taken else ""
    return told + ("\n| parameter | type | default | |\n| --- | --- | --- | --- |\n" + "".join(rows) if rows else "")


def _parameter_paths(before: str, described: dict[str, Any]) -> list[tuple[str, dict[str, Any], bool]]:
    """Return every parameter with its schema and whether it must be given, also those of objects in a list. Those of
    filters are left out, because one page describes them for all reports.
    """
    found: list[tuple[str, dict[str, Any], bool]] = []
    for name, each in described.get("properties", {}).items():
        found.append((f"{before}{name}", each, name in described.get("required", [])))
        if name != "filters":
            found += _parameter_paths(f"{before}{name}[].", each.get("items", {}))
    return found


def _fields(data: dict[str, Any]) -> str:
    is_list = data.get("type") == "array"
    item = data["items"] if is_list else data
    described = " ".join(item.get("description", "").split())
    rows = "".join(
        f"| `{path}` | {_type(each)} | {_sentence(each)} |\n" for path, each in _paths("", item["properties"])
    )
    kind = "Rows" if is_list else "One object"
    return f"\n{kind}: {described}\n\n| field | type | |\n| --- | --- | --- |\n{rows}"


def _paths(before: str, properties: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return every field with its schema; a field of objects in a list has a path such as `steps[].name`."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name, each in properties.items():
        inner = each.get("items", {}) if each.get("type") == "array" else each
        if "properties" in inner:
            found += _paths(f"{before}{name}{'[]' if inner is not each else ''}.", inner["properties"])
        else:
            found.append((f"{before}{name}", each))
    return found


def _example(report: Report[Any], example: dict[str, Any]) -> str:
    written = example_parameters(report)
    if report.has_body:
        asked = f"POST {report.name}\n{json.dumps(written)}"
    else:
        others = {name: value for name, value in written.items() if name not in report.in_address}
        text = urlencode(texts(others))
        asked = f"GET {report.address(written)}{'?' if text else ''}{text}"
    data = example["data"]
    shown = data[:MAX_EXAMPLE] if isinstance(data, list) else data
    lines = ",\n ".join(json.dumps(row, ensure_ascii=False) for row in shown) if isinstance(shown, list) else None
    body = json.dumps(shown, ensure_ascii=False) if lines is None else f"[{lines}]"
    return f"\n```\n{asked}\n\n{body}\n```\n"


def _type(schema: dict[str, Any]) -> str:
    kinds = schema.get("anyOf", [schema])
    names = [_name(kind) for kind in kinds if kind.get("type") != "null"]
    has_null = any(kind.get("type") == "null" for kind in kinds) and "default" not in schema
    return " or ".join(dict.fromkeys([*names, *(["null"] if has_null else [])]))


def _name(kind: dict[str, Any]) -> str:
    if kind.get("type") == "array":
        return f"list of {_type(kind['items'])}"
    if kind.get("format") in ("date", "date-time"):
        return str(kind["format"])
    return str(kind.get("title") or kind.get("type") or "any")


def _default(schema: dict[str, Any], *, is_needed: bool) -> str:
    if is_needed:
        return "must be given"
    return "" if schema.get("default") in (None, []) else f"`{schema['default']}`"


def _sentence(schema: dict[str, Any]) -> str:
    told = schema.get("description") or next(
        (kind["description"] for kind in schema.get("anyOf", []) if "description" in kind), ""
    )
    return " ".join(told.split()).replace("|", "\\|")


def _anchor(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum() or letter in "-_")
