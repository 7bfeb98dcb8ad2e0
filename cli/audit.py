"""`eventlens audit`: lists changes of the registry, their time, and their author."""

from collections.abc import Iterator
from typing import Any

from cli.client import opened_registry, say_rows
from event_lens.registry.audit import list_audit
from event_lens.registry.tables import AuditEntry

COLUMNS = ("when (UTC)", "by", "project", "what", "change")


def show_audit(project_id: str | None, limit: int, *, as_json: bool) -> None:
    """Print the latest changes, the most recent one first."""
    with opened_registry() as registry:
        entries = list_audit(registry, project_id, limit=limit)
    say_rows("Changes", COLUMNS, map(_row, entries), map(_fields, entries), as_json=as_json)


def _row(entry: AuditEntry) -> tuple[str, ...]:
    when = f"{entry.changed_at:%Y-%m-%d %H:%M:%S}"
    what = f"{entry.action} {entry.subject}\n{entry.subject_id}"
    return when, entry.changed_by, entry.project_id, what, "\n".join(_changed(entry))


def _changed(entry: AuditEntry) -> Iterator[str]:
    """Yield the fields that an update changed. Of a row that was created or removed only the name is yielded, since the
    JSON has the whole row.
    """
    if entry.action != "update":
        yield str((entry.after or entry.before).get("name", ""))
        return
    for name, value in entry.after.items():
        yield f"{name}: {entry.before[name]} -> {value}"


def _fields(entry: AuditEntry) -> dict[str, Any]:
    return {
        "changeId": entry.change_id,
        "changedAt": f"{entry.changed_at:%Y-%m-%dT%H:%M:%SZ}",
        "changedBy": entry.changed_by,
        "projectId": entry.project_id,
        "subject": entry.subject,
        "subjectId": entry.subject_id,
        "action": entry.action,
        "before": entry.before,
        "after": entry.after,
    }
