"""The audit log of the project: changes, their time, and the key or shell user that made them."""

from typing import Annotated, Any

import msgspec

from event_lens.registry.audit import list_audit
from event_lens.registry.database import Registry
from query.manage.action import Action, Asker, instant
from query.parameters import Limit
from query.report_context import read_limit
from query.shapes import DateTime, Shape


class AuditParameters(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The choice of changes to list."""

    limit: Limit = None
    before: Annotated[int | None, msgspec.Meta(description="Only changes before this `change_id`.")] = None


class ChangeAnswer(Shape, kw_only=True):
    """A change: the fields that differ, or all fields of an object that was created or removed. Secrets are hidden."""

    change_id: int
    changed_at: DateTime
    changed_by: Annotated[str, msgspec.Meta(description="A key's id, `shell`, or `eventlens` itself.")]
    subject: str
    subject_id: str
    action: Annotated[str, msgspec.Meta(description="`create`, `update` or `remove`.")]
    before: dict[str, Any]
    after: dict[str, Any]


def _list(registry: Registry, asker: Asker, _: str, written: AuditParameters) -> list[dict[str, Any]]:
    found = list_audit(registry, asker.project_id, limit=read_limit(written.limit), before_id=written.before)
    return [
        {name: getattr(entry, name) for name in ChangeAnswer.__struct_fields__}
        | {"changed_at": instant(entry.changed_at)}
        for entry in found
    ]


AUDIT = (Action("audit", "GET", "/audit", "The latest changes first.", _list, list[ChangeAnswer], AuditParameters),)
