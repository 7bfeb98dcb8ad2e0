"""Which projects a build fails for, and in which parts it does not."""

from collections.abc import Sequence

import pytest

from orchestration.culprits import judge

PROJECTS = [f"p{number}" for number in range(100)]


class Tries:
    """A build that fails when it is about one of `bad`; what was tried is in `tried`."""

    def __init__(self, *bad: str) -> None:
        self._bad = set(bad)
        self.tried: list[list[str]] = []

    def __call__(self, projects: Sequence[str]) -> bool:
        self.tried.append(list(projects))
        return bool(self._bad & set(projects))


@pytest.mark.parametrize("bad", [("p0",), ("p99",), ("p37", "p38"), ("p1", "p50", "p98"), tuple(PROJECTS)])
def test_projects_that_fail_alone_are_found(bad: tuple[str, ...]) -> None:
    verdict = judge(PROJECTS, Tries(*bad))
    assert verdict.culprits == list(bad)
    assert sorted(project for part in verdict.parts for project in part) == sorted(set(PROJECTS) - set(bad))


def test_one_project_of_a_hundred_is_found_in_less_than_twenty_tries() -> None:
    tries = Tries("p61")
    judge(PROJECTS, tries)
    assert len(tries.tried) < 20


def test_no_project_is_found_when_a_build_fails_without_any_project() -> None:
    assert judge(PROJECTS, lambda _: True) == ([], [])


def test_a_build_that_fails_only_for_many_projects_together_succeeds_for_parts() -> None:
    assert judge(PROJECTS, lambda projects: len(projects) > 60) == ([], [PROJECTS[:50], PROJECTS[50:]])
    verdict = judge(PROJECTS, lambda projects: len(projects) > 30)
    assert verdict.culprits == []
    assert [len(part) for part in verdict.parts] == [25, 25, 25, 25]


def test_the_only_project_is_tried_too() -> None:
    assert judge(["p1"], Tries("p1")) == (["p1"], [])
    assert judge(["p1"], Tries()) == ([], [["p1"]])
