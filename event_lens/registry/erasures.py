"""Receipts of erased people: when an erasure was requested, which stage it has reached, and how many rows each table
had of the person.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import scrypt
from typing import Literal, cast

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from event_lens.clock import to_epoch_ms
from event_lens.registry.database import Registry
from event_lens.registry.tables import Erasure, ErasureKey

Kind = Literal["profile", "device"]
Stage = Literal["asked", "hidden", "deleted", "built", "done"]
"""Requested; the person cannot be read; raw tables and models have no rows; their days are built; files are gone."""

_MEMORY = {"n": 1 << 14, "r": 8, "p": 1}


@dataclass(frozen=True)
class Receipt:
    """An erasure as the registry stores it. `rows` has the row counts of each table before and after."""

    erasure_id: str
    project_id: str
    kind: Kind
    stage: Stage
    requested_at_ms: int
    finished_at_ms: int | None
    rows: Mapping[str, tuple[int, int]]


class ErasureNote(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure as its note tells it to a home into which a backup is restored: the receipt, and the key of its
    hashes.
    """

    erasure_id: str
    project_id: str
    kind: Kind
    salt: str
    subject_hash: str
    requested_at: datetime
    rows: list[tuple[str, int, int]]
    secret: str

    @property
    def requested_at_ms(self) -> int:
        return to_epoch_ms(self.requested_at.replace(tzinfo=UTC))

    @property
    def key(self) -> tuple[int, int]:
        return _numbers(self.secret)


def erasure_key(registry: Registry) -> tuple[int, int]:
    """Return the key of the warehouse's hashes, created at the first use. Concurrent processes get the same key."""
    try:
        with registry.session() as session:
            if session.get(ErasureKey, 1) is None:
                session.add(ErasureKey(number=1, secret=secrets.token_hex(16)))
    except IntegrityError:
        pass  # another process made it a moment ago
    with registry.session() as session:
        secret = session.get_one(ErasureKey, 1).secret
    return _numbers(secret)


def write_note(registry: Registry, erasure_id: str) -> ErasureNote:
    """Return the note of an erasure whose rows have been counted."""
    with registry.session() as session:
        row, secret = session.get_one(Erasure, erasure_id), session.get_one(ErasureKey, 1).secret
        return ErasureNote(
            erasure_id=erasure_id,
            project_id=row.project_id,
            kind=cast(Kind, row.kind),
            salt=row.salt,
            subject_hash=row.subject_hash,
            requested_at=row.requested_at,
            rows=[(table, before, now) for table, before, now in row.rows],
            secret=secret,
        )


def keep_notes(registry: Registry, notes: Iterable[ErasureNote]) -> None:
    """Store the receipts of the notes whose people were erased in this home too, and the key of the notes if this home
    has no key.
    """
    with registry.session() as session:
        for note in notes:
            session.merge(
                Erasure(
                    erasure_id=note.erasure_id,
                    project_id=note.project_id,
                    kind=note.kind,
                    salt=note.salt,
                    subject_hash=note.subject_hash,
                    stage="done",
                    requested_at=note.requested_at,
                    finished_at=_now(),
                    rows=[list(row) for row in note.rows],
                )
            )
            session.merge(ErasureKey(number=1, secret=note.secret))


def open_erasure(registry: Registry, project_id: str, kind: Kind, subject: str) -> Receipt:
    """Return the unfinished erasure of `subject`, or a new one."""
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
    """Note the stage of an erasure and, if given, the row counts of each table; return the receipt."""
    with registry.session() as session:
        row = session.get_one(Erasure, erasure_id)
        row.stage = stage
        if rows is not None:
            row.rows = [[table, *counts] for table, counts in sorted(rows.items())]
        if stage == "done":
            row.finished_at = _now()
        return _receipt(row)


def list_erasures(registry: Registry, project_id: str | None = None) -> list[Receipt]:
    """Return the receipts of one project or of all projects, the latest first."""
    with registry.session() as session:
        found = select(Erasure).order_by(Erasure.requested_at.desc(), Erasure.erasure_id)
        if project_id is not None:
            found = found.where(Erasure.project_id == project_id)
        return [_receipt(row) for row in session.scalars(found)]


def _numbers(secret: str) -> tuple[int, int]:
    return int(secret[:16], 16), int(secret[16:], 16)


def _hash(salt: str, subject: str) -> str:
    """Return a slow hash, so that a reader of the registry cannot cheaply try all short ids."""
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
