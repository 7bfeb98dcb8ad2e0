"""Which projects a build fails for."""

from collections.abc import Sequence

import pytest

from orchestration.culprits import find_culprits

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
def test_those_are_found_for_which_it_fails_alone(bad: tuple[str, ...]) -> None:
    assert find_culprits(PROJECTS, Tries(*bad)) == list(bad)


def test_one_of_a_hundred_is_found_in_less_than_twenty_tries() -> None:
    tries = Tries("p61")
    find_culprits(PROJECTS, tries)
    assert len(tries.tried) < 20


def test_nobody_is_found_when_it_fails_without_any_project() -> None:
    assert find_culprits(PROJECTS, lambda _: True) == []


def test_nobody_is_found_when_it_fails_only_for_many_together() -> None:
    assert find_culprits(PROJECTS, lambda projects: len(projects) > 60) == []


def test_the_only_project_is_tried_too() -> None:
    assert find_culprits(["p1"], Tries("p1")) == ["p1"]
    assert find_culprits(["p1"], Tries()) == []
