"""Finds out which projects a build fails for, by trying it for some of them at a time."""

from collections.abc import Callable, Sequence


def find_culprits(projects: Sequence[str], is_failing: Callable[[Sequence[str]], bool]) -> list[str]:
    """Lists the projects for which a build fails when it is about them alone.

    `is_failing` tries it for some of `projects`, which fails for all of them together. The list is empty when it fails
    for no project at all, because then something else is wrong, and when no single project is enough to make it fail.
    Tries about twice the logarithm of their number for each that is found.
    """
    if is_failing([]):
        return []
    return _search(projects, is_failing)


def _search(failing: Sequence[str], is_failing: Callable[[Sequence[str]], bool]) -> list[str]:
    if len(failing) <= 1:
        return [project for project in failing if is_failing([project])]
    half = len(failing) // 2
    found: list[str] = []
    for part in (failing[:half], failing[half:]):
        if len(part) == 1 or is_failing(part):
            found += _search(part, is_failing)
    return found
