"""Notes the findings of checks in the warehouse, from which answers read them; Dagster shows them to the data team."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import msgspec

from event_lens.contract.rows import timestamp
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.failed_checks import TABLE, FailedCheck, plain_names, read_failed_checks

# Only built tables have cached answers, which must be computed again.
_ASK_ANEW = """
    INSERT INTO lens_staging.builds (build_id, finished_at)
    SELECT {build:String}, fromUnixTimestamp64Milli({now:Int64}, 'UTC')
    FROM (SELECT count() AS finished FROM lens_staging.builds) WHERE finished > 0
"""


@dataclass(frozen=True)
class Finding:
    """A check's finding: `projects` are the projects for which the check failed; an empty set means all."""

    check_name: str
    passed: bool
    severity: str
    tables: frozenset[str]
    projects: frozenset[str] = frozenset()


def finding_of(result: dg.AssetCheckResult, tables: Iterable[str], projects: Iterable[str] = ()) -> Finding:
    """Return the finding in a result for Dagster; `tables` are the tables that the check reads."""
    severity = result.severity.value.lower()
    return Finding(str(result.check_name), result.passed, severity, plain_names(tables), frozenset(projects))


def note_findings(
    warehouse: Warehouse, findings: Sequence[Finding], build_id: str, now_ms: int, known: Collection[str] = ()
) -> None:
    """Note the findings that differ from earlier notes. If `known` lists the checks that exist, notes of all other
    checks are deleted.
    """
    rows = list(changes(read_failed_checks(warehouse), findings, known))
    if not rows:
        return
    noted = timestamp(now_ms)
    body = b"".join(
        msgspec.json.encode({**row, "since": timestamp(row.get("since", now_ms)), "noted_at": noted}) + b"\n"
        for row in rows
    )
    warehouse.insert_lines(TABLE, body, token=f"{TABLE}-{build_id}-{now_ms}")
    warehouse.command(_ASK_ANEW, {"build": f"{build_id}-checks", "now": now_ms})


def changes(
    before: Iterable[FailedCheck], findings: Iterable[Finding], known: Collection[str] = ()
) -> Iterator[Mapping[str, Any]]:
    """Return the rows to write: checks whose failure has changed, and checks that no longer fail."""
    failed = {check.check_name: check for check in before}
    for finding in findings:
        check = failed.pop(finding.check_name, None)
        if not finding.passed:
            row = {
                "check_name": finding.check_name,
                "is_failing": 1,
                "severity": finding.severity,
                "tables": sorted(finding.tables),
                "projects": sorted(finding.projects),
            }
            if check is None:
                yield row
            elif (check.severity, check.tables, check.projects) != (
                finding.severity,
                finding.tables,
                finding.projects,
            ):
                yield {**row, "since": check.since_ms}
        elif check is not None:
            yield {"check_name": finding.check_name, "is_failing": 0}
    for name in failed if known else ():
        if name not in known:
            yield {"check_name": name, "is_failing": 0}
