"""Device ids: the salt's day, the first half hour of a day, and servers."""

from datetime import UTC, date, datetime

import pytest

from collector.enrichment.device_id import Device, derived_device, profile_device
from event_lens.errors import Broken

YESTERDAY, TODAY = date(2026, 5, 27), date(2026, 5, 28)
SALTS = {YESTERDAY: "old", TODAY: "new"}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def device(moment: str, salts: dict[date, str] = SALTS, *, is_monthly: bool = False) -> Device:
    return derived_device("agent", "192.0.2.1", "p", salts, at(moment), is_monthly=is_monthly)


def test_an_event_takes_the_salt_of_its_own_day() -> None:
    noon, late = device("2026-05-28T12:00"), device("2026-05-27T12:00")
    assert noon.device_kind == late.device_kind == "derived"
    assert len(noon.device_id) == 32
    assert noon.device_id != late.device_id
    assert noon == device("2026-05-28T23:59:59.999")
    assert (noon.previous_device_id, late.previous_device_id) == ("", "")


def test_the_first_half_hour_of_a_day_carries_the_device_of_the_day_before() -> None:
    before = device("2026-05-27T12:00").device_id
    assert device("2026-05-28T00:00").previous_device_id == before
    assert device("2026-05-28T00:29:59.999").previous_device_id == before
    assert device("2026-05-28T00:30").previous_device_id == ""


def test_the_current_salt_replaces_a_deleted_salt() -> None:
    assert device("2026-05-20T00:10") == Device(device("2026-05-28T12:00").device_id, "derived")
    assert device("2026-05-27T00:10").previous_device_id == ""


def test_a_monthly_salt_lasts_from_the_first_to_the_last() -> None:
    salts = {date(2026, 4, 1): "april", date(2026, 5, 1): "may"}
    april, may = (device(day, salts, is_monthly=True).device_id for day in ("2026-04-30T23:00", "2026-05-02T00:10"))
    assert april != may
    assert device("2026-05-31T00:10", salts, is_monthly=True) == Device(may, "derived")
    assert device("2026-05-01T00:10", salts, is_monthly=True) == Device(may, "derived", april)


def test_a_change_of_any_part_changes_the_device_id() -> None:
    moment = at("2026-05-28T12:00")
    ids = {
        derived_device(agent, address, project, salts, moment).device_id
        for agent in ("a", "b")
        for address in ("192.0.2.1", "192.0.2.2")
        for project in ("p", "q")
        for salts in (SALTS, {TODAY: "other"})
    }
    assert len(ids) == 16


def test_without_any_salt_no_id_is_made() -> None:
    with pytest.raises(Broken):
        device("2026-05-28T12:00", {})


def test_a_profile_known_by_a_server_has_a_device_of_its_own() -> None:
    known = profile_device("p", "ada")
    assert known.device_kind == "server"
    assert known.device_id
    assert known != profile_device("q", "ada")
    assert profile_device("p", "") == Device("", "server")
