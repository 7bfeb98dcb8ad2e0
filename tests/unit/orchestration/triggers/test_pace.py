"""How soon one build follows another."""

from orchestration.triggers.pace import MAX_REST_SECONDS, rest_seconds


def test_after_a_build_the_next_one_waits_as_long_as_the_build_took() -> None:
    assert rest_seconds(100, 110, 110) == 10
    assert rest_seconds(100, 110, 117) == 3
    assert rest_seconds(100, 110, 120) == 0


def test_after_a_long_build_the_next_one_waits_half_a_minute_at_most() -> None:
    assert rest_seconds(0, 900, 900) == MAX_REST_SECONDS
