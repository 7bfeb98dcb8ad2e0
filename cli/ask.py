"""`eventlens ask`: sends a question to the query API, or to the home's warehouse, and prints its answer as a table."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import typer

from cli.console import console, show_rows, show_table
from event_lens.errors import Refused
from event_lens.nearest import nearest
from query.client.connection import find_source
from query.client.frame import frame_of
from query.csv_text import as_csv_text
from query.json_keys import key_given_twice
from query.report import Report
from query.reports import REPORTS, find_report
from query.schema import bare

FIRST = ("date", "dimensions")
"""The columns that say which row a row is, if it has them."""


def show_reports() -> None:
    """Print all reports, each with its parameters."""
    show_table(
        "Reports: eventlens ask REPORT --parameter value ...",
        ("report", "answers", "parameters"),
        [(report.name, report.summary, ", ".join(_fields(report)) or "none") for report in REPORTS.values()],
    )


def ask(
    report_name: str,
    written: Sequence[str],
    *,
    url: str | None,
    key: str | None,
    project: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print the answer of a report. Raises `Refused` for an unknown report, with the name of the nearest report."""
    report, in_address = _find(report_name)
    given = in_address | _read(report, written)
    answer = find_source(url, key, project=project).answer(report, given)
    if as_json:
        console.print_json(json.dumps(answer))
    elif as_csv:
        typer.echo(as_csv_text(report, frame_of(report, given, answer)), nl=False)
        if more := _more(answer["meta"]):
            # Not among the rows, which are often sent to a file.
            typer.echo(more, err=True)
    else:
        _show(report, answer)


def _find(name: str) -> tuple[Report[Any], dict[str, str]]:
    """Return the report with this name or address, and the values that the address holds (`cohort/buyers/members`)."""
    if name in REPORTS:
        return REPORTS[name], {}
    report = find_report(name)
    return report, report.match(name) or {}


def _fields(report: Report[Any]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(report.parameters)}


def _read(report: Report[Any], written: Sequence[str]) -> dict[str, Any]:
    """Return `--name value` and `--name=value` as parameters; `--start-date` means `startDate`. Raises `Refused`
    for unknown names (`parameter_invalid`) and missing values.
    """
    fields = _fields(report)
    by_plain_name = {_plain(name): name for name in fields}
    given: dict[str, Any] = {}
    words = list(written)
    while words:
        word = words.pop(0)
        option, has_value, value = word.partition("=")
        name = by_plain_name.get(_plain(option))
        if not option.startswith("--") or name is None:
            near = nearest(option.lstrip("-"), fields)
            hint = f"did you mean --{near}?" if near else f"{report.name} takes {_listed(fields)}."
            raise Refused(f"Unknown parameter {word[:80]!r}; {hint}", code="parameter_invalid")
        if not has_value:
            if not words:
                raise Refused(f"--{name} needs a value.", code=f"{name}_invalid")
            value = words.pop(0)
        given[name] = _value(value, fields[name]) if report.has_body else value
    return given


def _value(text: str, field: msgspec.structs.FieldInfo) -> Any:
    """Return the value of a body's field: text for a field of text, otherwise the value read as JSON, or text if it is
    not JSON. Raises `Refused` (`request_invalid`) for JSON that gives a key twice.
    """
    if isinstance(bare(msgspec.inspect.type_info(field.type)), msgspec.inspect.StrType):
        return text
    try:
        value, repeated = json.loads(text), key_given_twice(text)
    except ValueError:
        return text
    if repeated is not None:
        raise Refused(f"--{field.encode_name} gives {repeated!r} twice; give it once.", code="request_invalid")
    return value


def _plain(name: str) -> str:
    return name.lstrip("-").replace("-", "").replace("_", "").lower()


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(f"--{name}" for name in names) or "none"


def _show(report: Report[Any], answer: Mapping[str, Any]) -> None:
    data, before = answer["data"], answer.get("previous")
    if isinstance(data, dict):
        _show_object(report.summary, data, before)
    else:
        _show_rows(report.summary, data)
        if before is not None:
            _show_rows("The same of the earlier period", before)
    for line in _told(answer["meta"]):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _show_object(title: str, data: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
    """Print the fields of an object as a table, and each of its lists of objects as one more."""
    lists = {name: rows for name, rows in data.items() if isinstance(rows, list) and _is_of_objects(rows)}
    if own := {name: _cell(value) for name, value in data.items() if name not in lists}:
        heads = ("", "value") if before is None else ("", "value", "before")
        pairs = [pair if before is None else (*pair, _cell(before[pair[0]])) for pair in own.items()]
        show_table(title, heads, pairs)
    for name, rows in lists.items():
        _show_rows(name if own or len(lists) > 1 else title, rows)


def _is_of_objects(rows: list[Any]) -> bool:
    return all(isinstance(row, dict) for row in rows)


def _told(meta: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sentences on how fresh and how exact the answer is."""
    through = meta["completeThrough"] or "never: no build has finished yet"
    currency = f", amounts in {meta['currency']}" if meta["currency"] else ""
    yield f"Complete through {through}; days are those of {meta['timezone']}{currency}; from {meta['table']}."
    if aside := meta.get("setAside"):
        yield f"Builds leave this project out since {aside['since']}: {aside['reason']}."
    if pending := meta.get("pendingDays"):
        days = f"from {pending['first']} to {pending['last']}" if pending["first"] else "of all days"
        yield f"The next build of the project can change the numbers {days}."
    for check in meta.get("failedChecks", []):
        yield f"A check of these tables fails since {check['since']}: {check['name']} ({check['severity']})."
    for name, percent in meta.get("approximate", {}).items():
        yield f"{name} is an estimate, within {percent} percent."
    yield from meta.get("notes", [])
    if more := _more(meta):
        yield more


def _more(meta: Mapping[str, Any]) -> str:
    """Return the line that says how to ask for the next page, '' after the last."""
    return f"There is more: --cursor {meta['nextCursor']}" if meta.get("nextCursor") else ""


def _show_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        console.print(f"{title}: no rows.", markup=False, highlight=False)
        return
    columns = sorted(dict.fromkeys(name for row in rows for name in row), key=lambda name: name not in FIRST)
    show_rows(title, columns, [[_cell(row.get(name)) for name in columns] for row in rows])


def _cell(value: Any) -> Any:
    """Return a value as people read it: lists joined, objects as names and values, floats with two decimals, as money
    has them.
    """
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(each)}" for name, each in value.items())
    if isinstance(value, list):
        separator = " > " if all(isinstance(each, str) for each in value) else "  "
        return separator.join(f"{_cell(each)}" for each in value)
    return f"{value:,.2f}" if isinstance(value, float) else value
