"""When a project that is set aside is tried again."""

import pytest

from event_lens.warehouse.set_aside import SetAside
from orchestration.planning.set_aside import DELAYS_SECONDS, find_due

MINUTE = 60_000


def aside(project: str = "p", *, tries: int = 1, tried_at_ms: int = 0, reason: str = "") -> SetAside:
    return SetAside(project, "profiles", reason, 7, "1", tries, "b", 0, tried_at_ms, 0)


@pytest.mark.parametrize(("tries", "delay"), [(1, DELAYS_SECONDS[0]), (3, DELAYS_SECONDS[2]), (50, DELAYS_SECONDS[-1])])
def test_a_project_is_tried_later_after_each_failure(tries: int, delay: int) -> None:
    one = aside(tries=tries)
    assert find_due([one], {"p": 7}, "1", delay * 1000 - 1) == []
    assert find_due([one], {"p": 7}, "1", delay * 1000) == ["p"]


@pytest.mark.parametrize(("hashes", "version"), [({"p": 8}, "1"), ({"p": 7}, "2")])
def test_a_minute_after_its_definitions_or_the_program_changed_it_is_tried(
    hashes: dict[str, int], version: str
) -> None:
    one = aside(tries=9)
    assert find_due([one], hashes, version, MINUTE - 1) == []
    assert find_due([one], hashes, version, MINUTE) == ["p"]


def test_the_projects_that_wait_longest_are_tried_first() -> None:
    both = [aside("late", tried_at_ms=5), aside("early", tried_at_ms=1)]
    assert find_due(both, {}, "1", 10 * MINUTE) == ["early", "late"]


def test_readers_are_told_the_model_and_the_code_and_no_value() -> None:
    reason = (
        "Code: 6. DB::Exception: Cannot parse string 'secret': while executing (x). (CANNOT_PARSE_TEXT) (version 26)"
    )
    assert aside(reason=reason).summary == "profiles failed: CANNOT_PARSE_TEXT"
    assert aside(reason="Got 3 results").summary == "profiles failed"
