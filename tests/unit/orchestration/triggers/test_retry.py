"""When a build that failed is tried again."""

import pytest

from orchestration.triggers.retry import DELAYS_SECONDS, EndedBuild, decide_retry

NOW = 1_800_000_000.0
KNOWN = "definitions"


def failed(count: int, *, seconds_ago: float, definitions: str = KNOWN) -> list[EndedBuild]:
    """The latest of them ended `seconds_ago`; each is an hour after the one before."""
    return [EndedBuild(f"run-{hour}", False, NOW - seconds_ago - hour * 3600, definitions) for hour in range(count)]


SUCCESS = EndedBuild("fine", True, NOW - 10, "")


def test_a_build_starts_when_none_failed() -> None:
    assert decide_retry([], KNOWN, NOW).may_start
    assert decide_retry([SUCCESS], KNOWN, NOW).may_start


def test_after_the_first_failure_the_next_look_tries_again() -> None:
    assert decide_retry(failed(1, seconds_ago=0), KNOWN, NOW).may_start


@pytest.mark.parametrize("count", range(2, len(DELAYS_SECONDS) + 1))
def test_each_failure_in_a_row_is_waited_for_longer(count: int) -> None:
    delay = DELAYS_SECONDS[count - 1]
    assert delay > DELAYS_SECONDS[count - 2]
    waiting = decide_retry(failed(count, seconds_ago=delay - 1), KNOWN, NOW)
    assert not waiting.may_start
    assert not waiting.needs_a_person
    assert "2027-01-15 08:00:01 UTC" in waiting.reason
    assert "run-0" in waiting.reason
    assert decide_retry(failed(count, seconds_ago=delay), KNOWN, NOW).may_start


def test_after_the_last_delay_builds_wait_for_a_person_and_say_what_to_do() -> None:
    given_up = decide_retry(failed(len(DELAYS_SECONDS) + 1, seconds_ago=1_000_000), KNOWN, NOW)
    assert (given_up.may_start, given_up.needs_a_person, given_up.run_id) == (False, True, "run-0")
    assert "run-0" in given_up.reason
    assert "eventlens build" in given_up.reason


def test_a_success_begins_anew_whoever_asked_for_it() -> None:
    assert decide_retry([SUCCESS, *failed(20, seconds_ago=60)], KNOWN, NOW).may_start
    assert decide_retry([*failed(1, seconds_ago=0), SUCCESS, *failed(20, seconds_ago=60)], KNOWN, NOW).may_start


def test_changed_definitions_are_tried_at_once() -> None:
    assert decide_retry(failed(20, seconds_ago=1, definitions="before"), KNOWN, NOW).may_start


def test_a_failure_that_the_sensor_did_not_ask_for_is_not_counted() -> None:
    assert decide_retry(failed(20, seconds_ago=1, definitions=""), KNOWN, NOW).may_start
