"""Finds the projects for which a build fails, by trying the build for some of them at a time."""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Verdict(NamedTuple):
    """`culprits` are the projects for which a build fails even if it is for one project alone. `parts` are groups of
    the other projects; for all projects of a part together, the build succeeds.
    """

    culprits: list[str]
    parts: list[list[str]]


def judge(projects: Sequence[str], is_failing: Callable[[Sequence[str]], bool]) -> Verdict:
    """Sort `projects`, for all of which together a build fails, into culprits and parts.

    `is_failing` tries the build for some of the projects. Both lists are empty when the build fails even without
    projects, because then the cause is not a project. Needs about 2 log(n) tries per culprit.
    """
    verdict = Verdict([], [])
    if not is_failing([]):
        _search(projects, is_failing, verdict)
    return verdict


def _search(failing: Sequence[str], is_failing: Callable[[Sequence[str]], bool], verdict: Verdict) -> None:
    half = len(failing) // 2
    for part in (failing[:half], failing[half:]):
        if len(part) > 1 and is_failing(part):
            _search(part, is_failing, verdict)
        elif len(part) == 1 and is_failing(part):
            verdict.culprits.extend(part)
        elif part:
            verdict.parts.append(list(part))
