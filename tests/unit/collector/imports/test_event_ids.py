"""Ids of imported events: the same for the same line, another for each of equal lines."""

import pytest

from collector.imports import event_ids
from collector.imports.event_ids import EventIds


def test_the_same_lines_have_the_same_ids_in_another_file() -> None:
    first, second = EventIds("p", "log").of(["a", "b", "a"]), EventIds("p", "log").of(["b", "a", "a"])
    assert first == [second[1], second[0], second[2]]


def test_equal_lines_are_as_many_events_as_there_are_and_equal_ids_are_one() -> None:
    assert len(set(EventIds("p", "log").of(["a"] * 5))) == 5
    assert len(set(EventIds("p", "umami").of(["a"] * 5, is_unique=True))) == 1


def test_projects_and_sources_have_ids_of_their_own() -> None:
    ids = {EventIds(project, source).of(["a"])[0] for project in ("p", "q") for source in ("log", "csv")}
    assert len(ids) == 4


def test_memory_is_bounded_and_near_copies_are_still_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_ids, "REMEMBERED", 10)
    ids = EventIds("p", "log")
    near = ids.of(["a", *map(str, range(10)), "a"])
    assert near[0] != near[-1]
    assert ids.of([*map(str, range(100, 130)), "a"])[-1] == near[0]
