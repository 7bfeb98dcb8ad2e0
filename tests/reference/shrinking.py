"""Makes a project that differs smaller, all smaller ones of a round in one build."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.spec.rows import Project, Row

MAX_ROUNDS = 12


def shrink(project: Project, differ: Callable[[Sequence[Project]], Sequence[bool]]) -> Project:
    """The smallest project found that still differs; `differ` judges all candidates of a round at once."""
    parts = 2
    for _ in range(MAX_ROUNDS):
        rows = _rows(project)
        candidates = [_without(project, rows[part::parts]) for part in range(parts)] if len(rows) > 1 else []
        still = [each for each, does in zip(candidates, differ(candidates), strict=True) if does] if candidates else []
        if still:
            project = min(still, key=lambda each: len(_rows(each)))
        elif parts >= len(rows):
            break
        parts = min(2 if still else parts * 2, max(len(_rows(project)), 2))
    return project


def _rows(project: Project) -> list[Row]:
    return [*project.events, *project.operations, *project.rejected]


def _without(project: Project, rows: list[Row]) -> Project:
    left_out = {id(row) for row in rows}
    return replace(
        project,
        events=[row for row in project.events if id(row) not in left_out],
        operations=[row for row in project.operations if id(row) not in left_out],
        rejected=[row for row in project.rejected if id(row) not in left_out],
    )
