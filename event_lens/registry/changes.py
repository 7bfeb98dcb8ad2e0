"""Notes the changes of a registry transaction as entries of the audit log that are written with it. The session does
this itself, so no function that changes the registry can leave the entry out.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from event_lens.registry.tables import AuditEntry, Client, Cohort, Funnel, Goal, Project, Retention, SqlUser

AUDITED: dict[type[Any], str] = {
    Project: "project",
    Client: "client",
    Funnel: "funnel",
    Retention: "retention",
    Cohort: "cohort",
    Goal: "goal",
    SqlUser: "sql_user",
}
HIDDEN_FIELD = "secret_hash"
HIDDEN = "(hidden)"
OF_NO_PROJECT = ""


def note_changes(session: Session, changed_by: str) -> list[AuditEntry]:
    """Add an entry for each row that the session is about to write; return the entries."""
    noted = [
        _entry(instance, action, before, after, changed_by)
        for instance, action, before, after in _changed(session)
        if before != after or action != "update"
    ]
    session.add_all(noted)
    return noted


def _changed(session: Session) -> Iterator[tuple[Any, str, dict[str, Any], dict[str, Any]]]:
    for instance in session.new:
        if type(instance) in AUDITED:
            yield instance, "create", {}, _values(instance)
    for instance in session.dirty:
        if type(instance) in AUDITED:
            yield instance, "update", *_difference(instance)
    for instance in session.deleted:
        if type(instance) in AUDITED:
            yield instance, "remove", _values(instance), {}


def _values(instance: Any) -> dict[str, Any]:
    names = [attribute.key for attribute in inspect(instance).mapper.column_attrs]
    return {name: _shown(name, getattr(instance, name)) for name in names}


def _difference(instance: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields that differ, with their values before and after."""
    before, after = {}, {}
    for attribute in inspect(instance).attrs:
        history = attribute.history
        if history.has_changes():
            old = history.deleted[0] if history.deleted else None
            before[attribute.key] = _shown(attribute.key, old)
            after[attribute.key] = _shown(attribute.key, history.added[0])
            if attribute.key == HIDDEN_FIELD:
                after[attribute.key] = "(another)"
    return before, after


def _shown(name: str, value: Any) -> Any:
    """Return a value as JSON holds it; a secret is hidden."""
    if name == HIDDEN_FIELD:
        return HIDDEN
    return value.isoformat() if isinstance(value, datetime) else value


def _entry(instance: Any, action: str, before: dict[str, Any], after: dict[str, Any], changed_by: str) -> AuditEntry:
    (key,) = inspect(instance).mapper.primary_key
    return AuditEntry(
        changed_at=datetime.now(UTC).replace(tzinfo=None),
        changed_by=changed_by,
        project_id=getattr(instance, "project_id", OF_NO_PROJECT),
        subject=AUDITED[type(instance)],
        subject_id=getattr(instance, key.name),
        action=action,
        before=before,
        after=after,
    )
