"""How soon one build follows another."""

from orchestration.triggers.pace import MAX_REST_SECONDS, rest_seconds


def test_after_a_build_as_long_is_waited_as_it_took() -> None:
    assert rest_seconds(100, 110, 110) == 10
    assert rest_seconds(100, 110, 117) == 3
    assert rest_seconds(100, 110, 120) == 0


def test_after_a_long_build_no_more_than_half_a_minute_is_waited() -> None:
    assert rest_seconds(0, 900, 900) == MAX_REST_SECONDS
