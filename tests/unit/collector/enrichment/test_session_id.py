"""The session id that an event is answered with."""

from datetime import UTC, datetime

from collector.enrichment.context import ProjectSettings
from collector.enrichment.session_id import foreseen_session_id

HOUR_MS = 3_600_000
NOON = round(datetime(2026, 5, 20, 12, tzinfo=UTC).timestamp() * 1000)


def test_it_is_the_same_within_a_stretch_of_the_timeout_and_differs_for_all_else() -> None:
    usual, hourly = ProjectSettings("p"), ProjectSettings("p", session_timeout_seconds=3600)
    at_noon = foreseen_session_id(usual, "d", NOON)
    assert at_noon == foreseen_session_id(usual, "d", NOON + HOUR_MS // 2 - 1)
    others = {
        foreseen_session_id(usual, "d", NOON + HOUR_MS // 2),
        foreseen_session_id(usual, "d", NOON - 1),
        foreseen_session_id(usual, "e", NOON),
        foreseen_session_id(hourly, "d", NOON),
        foreseen_session_id(ProjectSettings("q"), "d", NOON),
    }
    assert len(others | {at_noon}) == 6
    assert foreseen_session_id(hourly, "d", NOON) == foreseen_session_id(hourly, "d", NOON + HOUR_MS - 1)


def test_it_is_a_number_of_64_bits_as_a_text_for_every_device() -> None:
    for device in ("", "d", "\udcff", "\0"):
        assert 0 <= int(foreseen_session_id(ProjectSettings("p"), device, NOON)) < 1 << 64
