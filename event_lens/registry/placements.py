"""The shard of each project: written down at its creation, changed by a move only (docs/decisions/0020-shards.md)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from event_lens.clock import to_epoch_ms
from event_lens.errors import Refused, Unavailable
from event_lens.registry.database import Registry
from event_lens.registry.tables import Project, ProjectMove

Stage = Literal["copying", "building", "held", "switched"]
"""The stage of a move: rows are copied, the new shard builds them, no rows land, the old shard's rows are dropped."""


@dataclass(frozen=True)
class Placement:
    """The shard on which a project's rows land, and the shard on which they are read; `is_held` says that no row may
    land now.
    """

    shard: int
    is_held: bool = False
    moved_at_ms: int = 0


@dataclass(frozen=True)
class Move:
    """A project on its way from one shard to another."""

    project_id: str
    from_shard: int
    to_shard: int
    stage: Stage


def emptiest_shard(session: Session, shard_count: int) -> int:
    """Return the shard with the fewest projects, the first of several equal ones."""
    counted = session.execute(select(Project.shard, func.count()).group_by(Project.shard)).all()
    counts = {row[0]: row[1] for row in counted}
    return min(range(1, shard_count + 1), key=lambda shard: counts.get(shard, 0))


def find_placements(registry: Registry, project_ids: Collection[str]) -> dict[str, Placement]:
    """Return the placement of each project; a project that the registry does not know is on the first shard."""
    with registry.session() as session:
        found = session.execute(
            select(Project.project_id, Project.shard, Project.moved_at, ProjectMove.stage)
            .join(ProjectMove, ProjectMove.project_id == Project.project_id, isouter=True)
            .where(Project.project_id.in_(project_ids))
        )
        known = {
            project_id: Placement(shard, stage == "held", to_epoch_ms(moved_at.replace(tzinfo=UTC)) if moved_at else 0)
            for project_id, shard, moved_at, stage in found
        }
    return {project_id: known.get(project_id, Placement(1)) for project_id in project_ids}


def list_moves(registry: Registry) -> list[Move]:
    with registry.session() as session:
        return [_move(row) for row in session.scalars(select(ProjectMove).order_by(ProjectMove.project_id))]


def check_stays(registry: Registry, project_id: str) -> None:
    """Raise `Unavailable` (`project_moving`) when the project is on its way to another shard."""
    if any(move.project_id == project_id for move in list_moves(registry)):
        raise Unavailable(
            f"{project_id} is on its way to another shard; finish that first (eventlens project move).",
            code="project_moving",
        )


def begin_move(registry: Registry, project_id: str, to_shard: int) -> Move | None:
    """Return the move of a project to `to_shard`, begun now or already under way; None when the project is already on
    that shard. Raises `Refused` (`project_unknown`), and `Unavailable` (`project_moving`) while the project moves to
    another shard.
    """
    with registry.session() as session:
        project = session.get(Project, project_id)
        if project is None:
            raise Refused(
                f"There is no project {project_id!r}; `eventlens project list` shows them.", code="project_unknown"
            )
        move = session.get(ProjectMove, project_id)
        if move is None and project.shard == to_shard:
            return None
        if move is None:
            move = ProjectMove(project_id=project_id, from_shard=project.shard, to_shard=to_shard, stage="copying")
            session.add(move)
        if move.to_shard != to_shard:
            raise Unavailable(
                f"{project_id} is on its way to shard {move.to_shard}. Finish that first: "
                f"eventlens project move {project_id} --shard {move.to_shard}",
                code="project_moving",
            )
        return _move(move)


def advance_move(registry: Registry, move: Move, stage: Stage) -> Move:
    """Note that `move` has reached `stage`. From `switched` on, rows land on the new shard and are read from it."""
    with registry.session() as session:
        row = session.get_one(ProjectMove, move.project_id)
        row.stage = stage
        if stage == "switched":
            project = session.get_one(Project, move.project_id)
            project.shard, project.moved_at = move.to_shard, datetime.now(UTC).replace(tzinfo=None)
        return _move(row)


def end_move(registry: Registry, move: Move) -> None:
    with registry.session() as session:
        session.delete(session.get_one(ProjectMove, move.project_id))


def _move(row: ProjectMove) -> Move:
    return Move(row.project_id, row.from_shard, row.to_shard, cast(Stage, row.stage))
