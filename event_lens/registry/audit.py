"""The audit log: changes of the registry, their time, and their author."""

from sqlalchemy import select

from event_lens.registry.database import Registry
from event_lens.registry.tables import AuditEntry


def list_audit(
    registry: Registry, project_id: str | None = None, *, limit: int = 100, before_id: int | None = None
) -> list[AuditEntry]:
    """Return up to `limit` changes, the latest first: of one project if `project_id` is given, and only changes before
    `before_id`.
    """
    chosen = select(AuditEntry).order_by(AuditEntry.change_id.desc()).limit(limit)
    if project_id is not None:
        chosen = chosen.where(AuditEntry.project_id == project_id)
    if before_id is not None:
        chosen = chosen.where(AuditEntry.change_id < before_id)
    with registry.session() as session:
        return list(session.scalars(chosen))
