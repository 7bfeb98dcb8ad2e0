"""A project that differs is made small before anybody has to read it."""

from collections.abc import Sequence

from tests.reference.shrinking import shrink
from tests.spec.rows import Project


def test_only_the_rows_that_make_a_project_differ_are_left() -> None:
    project = Project("p")
    for number in range(40):
        project.event("2026-02-02 10:00", f"e{number}")
    for number in range(10):
        project.operation("2026-02-02 10:00", "identify", f"u{number}")

    def differ(candidates: Sequence[Project]) -> list[bool]:
        return [
            {"e3", "e31"} <= {row["name"] for row in each.events} and len(each.operations) > 0 for each in candidates
        ]

    small = shrink(project, differ)
    assert [row["name"] for row in small.events] == ["e3", "e31"]
    assert len(small.operations) == 1


def test_a_project_stays_whole_when_every_row_matters() -> None:
    project = Project("p")
    for number in range(5):
        project.event("2026-02-02 10:00", f"e{number}")
    assert shrink(project, lambda candidates: [len(each.events) == 5 for each in candidates]).events == project.events
