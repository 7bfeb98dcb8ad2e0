"""Receipts of erased people: when it was asked for, how far it has come, and how many rows each table had of them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import scrypt
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from event_lens.clock import to_epoch_ms
from event_lens.registry.database import Registry
from event_lens.registry.tables import Erasure, ErasureKey

Kind = Literal["profile", "device"]
Stage = Literal["asked", "hidden", "deleted", "built", "done"]
"""Asked for; the person cannot be read; raw and models have no rows; their days are built; files are gone."""

_MEMORY = {"n": 1 << 14, "r": 8, "p": 1}


@dataclass(frozen=True)
class Receipt:
    """An erasure as the registry keeps it. `rows` has for each table the rows before and after."""

    erasure_id: str
    project_id: str
    kind: Kind
    stage: Stage
    requested_at_ms: int
    finished_at_ms: int | None
    rows: Mapping[str, tuple[int, int]]


def erasure_key(registry: Registry) -> tuple[int, int]:
    """The key of the warehouse's hashes, made at the first use. Processes that ask at once get the same."""
    try:
        with registry.session() as session:
            if session.get(ErasureKey, 1) is None:
                session.add(ErasureKey(number=1, secret=secrets.token_hex(16)))
    except IntegrityError:
        pass  # another process made it a moment ago
    with registry.session() as session:
        secret = session.get_one(ErasureKey, 1).secret
    return int(secret[:16], 16), int(secret[16:], 16)


def open_erasure(registry: Registry, project_id: str, kind: Kind, subject: str) -> Receipt:
    """The erasure of `subject` that has not come to its end, or a new one."""
    with registry.session() as session:
        unfinished = select(Erasure).where(
            Erasure.project_id == project_id, Erasure.kind == kind, Erasure.finished_at.is_(None)
        )
        for row in session.scalars(unfinished):
            if secrets.compare_digest(row.subject_hash, _hash(row.salt, subject)):
                return _receipt(row)
        salt = secrets.token_hex(16)
        row = Erasure(
            erasure_id=secrets.token_hex(8),
            project_id=project_id,
            kind=kind,
            salt=salt,
            subject_hash=_hash(salt, subject),
            stage="asked",
            requested_at=_now(),
        )
        session.add(row)
        return _receipt(row)


def advance_erasure(
    registry: Registry, erasure_id: str, stage: Stage, rows: Mapping[str, tuple[int, int]] | None = None
) -> Receipt:
    """Note how far an erasure has come, and what its tables held, where that is given."""
    with registry.session() as session:
        row = session.get_one(Erasure, erasure_id)
        row.stage = stage
        if rows is not None:
            row.rows = [[table, *counts] for table, counts in sorted(rows.items())]
        if stage == "done":
            row.finished_at = _now()
        return _receipt(row)


def list_erasures(registry: Registry, project_id: str | None = None) -> list[Receipt]:
    """The receipts of a project or of all, the latest first."""
    with registry.session() as session:
        found = select(Erasure).order_by(Erasure.requested_at.desc(), Erasure.erasure_id)
        if project_id is not None:
            found = found.where(Erasure.project_id == project_id)
        return [_receipt(row) for row in session.scalars(found)]


def _hash(salt: str, subject: str) -> str:
    """A slow hash, so that whoever holds the registry cannot try all short ids in passing."""
    return scrypt(subject.encode(), salt=bytes.fromhex(salt), **_MEMORY).hex()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _receipt(row: Erasure) -> Receipt:
    return Receipt(
        row.erasure_id,
        row.project_id,
        cast(Kind, row.kind),
        cast(Stage, row.stage),
        to_epoch_ms(row.requested_at.replace(tzinfo=UTC)),
        to_epoch_ms(row.finished_at.replace(tzinfo=UTC)) if row.finished_at else None,
        {table: (before, after) for table, before, after in row.rows},
    )
