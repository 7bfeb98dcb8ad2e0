"""The example of every report, as a test asks it of the sample project `shop`."""

from typing import Any
from urllib.parse import quote

from docs.generate.reports import example_parameters
from query.paging import mark_of
from query.report import Report
from query.reports import REPORTS

IDS = ("goal",)
"""Parameters that are ids of the project's own, beside those in addresses."""


def ids_of(report: Report[Any]) -> tuple[str, ...]:
    """The parameters that are ids of the project's own."""
    return (*report.in_address, *(name for name in IDS if name in report.example))


def needed(report: Report[Any]) -> dict[str, Any]:
    """What the report cannot be asked without."""
    names = {"steps", "metrics"} if report.has_body else set(ids_of(report))
    return {name: value for name, value in report.example.items() if name in names}


def bound(name: str, written: dict[str, Any], **in_address: str) -> dict[str, Any]:
    """The parameters with their cursor as an answer to the same question would give it."""
    if "cursor" not in written:
        return written
    mark = mark_of(name, REPORTS[name].read(written | in_address))
    return written | {"cursor": f"{written['cursor']}.{mark}"}


def request(name: str) -> tuple[str, Any, dict[str, Any]]:
    """Address under the project, body and query string of the example."""
    report = REPORTS[name]
    written = example_parameters(report)
    address = name.format(**{part: quote(written.pop(part), safe="") for part in report.in_address})
    return (address, written, {}) if report.has_body else (address, None, written)
