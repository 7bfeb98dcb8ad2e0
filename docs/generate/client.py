"""`query/client/questions.py`, the client's typed methods."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec

from query.report import Report
from query.reports import REPORTS, identifier_of

MODULE = Path(__file__).resolve().parents[2] / "query" / "client" / "questions.py"
HEAD = '''"""The questions as methods, written from the list of reports by `python -m docs.generate`."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from query.client.frame import Frame

Filters = Sequence[Mapping[str, Any]]
"""`[{"name": ..., "operator": ..., "value": [...]}]`"""


class Questions:
    """One method per report; each returns the rows of the answer as a frame."""

    def _ask(self, name: str, **written: Any) -> Frame:
        raise NotImplementedError
'''
DAYS = ("start_date", "end_date", "as_of")


def questions_module() -> str:
    """Return the text of the module, formatted by ruff."""
    text = HEAD + "".join(_method(report) for report in REPORTS.values())
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(MODULE), "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout


def _method(report: Report[Any]) -> str:
    fields = sorted(msgspec.structs.fields(report.parameters), key=lambda field: not field.required)
    needed = [f"{field.name}: {_type(field)}" for field in fields if field.required]
    optional = [f"{field.name}: {_type(field)}{_default(field)}" for field in fields if not field.required]
    signature = ", ".join(["self", *needed, *(["*", *optional] if optional else [])])
    given = "".join(f", {field.name}={field.name}" for field in fields)
    return (
        f"\n    def {identifier_of(report)}({signature}) -> Frame:\n"
        f'        """{report.summary}"""\n'
        f'        return self._ask("{report.name}"{given})\n'
    )


def _type(field: msgspec.structs.FieldInfo) -> str:
    if field.name in DAYS:
        return "str | date"
    if field.name == "filters":
        return "Filters | str"
    kind = field.type
    while get_args(kind):
        if get_origin(kind) is list:
            return "Sequence[str]" if get_args(kind)[0] is str else "Sequence[Mapping[str, Any]]"
        kind = get_args(kind)[0]
    return str(kind.__name__)


def _default(field: msgspec.structs.FieldInfo) -> str:
    """Return a parameter's default as the signature shows it; ` | None = None` when the parameter has no default or
    null.
    """
    if field.default in (None, msgspec.NODEFAULT):
        return " | None = None"
    kind = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
    is_nullable = type(None) in get_args(kind)
    return f"{' | None' if is_nullable else ''} = {field.default!r}"
