"""Payloads to typed events and operations: every type, its forms, and what is refused."""

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_lens.contract.parse import Envelope, Event, Operation, Rejection, Replay, parse


def event(**payload: Any) -> Event:
    parsed = parse(Envelope("track", {"name": "a", **payload}))
    assert isinstance(parsed, Event)
    return parsed


def operation(kind: str, **payload: Any) -> Operation:
    parsed = parse(Envelope(kind, payload))
    assert isinstance(parsed, Operation)
    return parsed


def refusal(kind: str, **payload: Any) -> str:
    with pytest.raises(Rejection) as caught:
        parse(Envelope(kind, payload))
    return caught.value.code


def test_null_is_an_absent_field_and_ids_may_be_numbers() -> None:
    parsed = event(profileId=None, deviceId=12, sessionId=7.0, messageId=1.5, groups=None, properties=None, path=None)
    assert (parsed.profile_id, parsed.device_id, parsed.session_id, parsed.message_id) == ("", "12", "7", "1.5")
    assert (parsed.groups, parsed.properties, parsed.fields) == ([], {}, {})
    assert event(profileId=9007199254740993).profile_id == "9007199254740993"


def test_unknown_keys_of_a_track_are_properties() -> None:
    assert event(plan="pro", properties={"seats": 3, "gone": None}).properties == {"plan": "pro", "seats": 3}


def test_keys_that_are_ours_are_removed_from_properties() -> None:
    ours = dict.fromkeys(("id", "projectId", "deviceId", "sessionId", "timestamp"), "x")
    parsed = event(properties={**ours, "kept": 1})
    assert parsed.properties == {"kept": 1}
    assert (parsed.device_id, parsed.session_id, parsed.timestamp) == ("", "", None)


def test_reserved_properties_become_fields_with_and_without_underscores() -> None:
    parsed = event(
        properties={
            "__path": "https://a.example/x?y=1#z",
            "path": "/lost",
            "referrer": "https://b.example",
            "title": "T",
            "screenWidth": 1280,
            "__screenHeight": "720",
            "__osVersion": 17.1,
            "__timestamp": "2026-05-28",
            "__deviceId": "d",
            "os": "mine",
            "browser": "mine too",
        }
    )
    assert parsed.fields == {
        "path": "https://a.example/x?y=1#z",
        "referrer": "https://b.example",
        "title": "T",
        "os_version": "17.1",
    }
    assert parsed.screen == {"screen_width": 1280, "screen_height": 720}
    assert (parsed.device_id, parsed.timestamp) == ("d", "2026-05-28")
    assert parsed.properties == {"os": "mine", "browser": "mine too"}


def test_top_level_fields_win_over_properties() -> None:
    parsed = event(
        path="/top",
        utmSource="s",
        timestamp=1,
        deviceId="top",
        properties={"__path": "/p", "__timestamp": 2, "__deviceId": "p"},
    )
    assert parsed.fields == {"path": "/top", "utm_source": "s"}
    assert (parsed.timestamp, parsed.device_id) == (1, "top")


def test_a_name_without_underscores_fills_the_field_only_with_a_valid_value() -> None:
    assert event(properties={"title": ["a", "b"], "path": {}}).properties == {"title": ["a", "b"], "path": {}}
    assert refusal("track", name="a", properties={"__title": ["a"]}) == "value_not_text"


def test_place_revenue_and_address_count_only_from_senders_who_may_set_them() -> None:
    parsed = event(
        country="SE", properties={"__revenue": 5, "__currency": "SEK", "__city": "Lund", "__ip": "192.0.2.1"}
    )
    assert parsed.guarded == {"country": "SE", "revenue": 5, "currency": "SEK", "city": "Lund"}
    assert parsed.address == "192.0.2.1"
    assert parsed.properties == {}


def test_texts_are_cut_and_screens_must_be_possible() -> None:
    parsed = event(title="t" * 9999, utmSource="u" * 9999, properties={"screenWidth": -1, "screenHeight": "tall"})
    assert (len(parsed.fields["title"]), len(parsed.fields["utm_source"])) == (2048, 255)
    assert parsed.screen == {"screen_width": 0, "screen_height": 0}


def test_identify_takes_unknown_keys_as_traits() -> None:
    parsed = operation(
        "identify",
        profileId=7,
        firstName="Ada",
        email=None,
        plan="pro",
        properties={"seats": 1, "__timestamp": 5, "id": 1},
    )
    assert parsed.profile_id == "7"
    assert parsed.fields == {"first_name": "Ada", "last_name": "", "name": "", "email": "", "avatar": ""}
    assert (parsed.properties, parsed.timestamp) == ({"plan": "pro", "seats": 1}, 5)


@pytest.mark.parametrize(
    ("value", "stored"),
    [(None, "1"), (5, "5"), (-2, "-2"), (0.1, "0.1"), (1e-7, "0.0000001"), (2.5e15, "2500000000000000"), (1e-300, "0")],
)
def test_increments_carry_a_plain_decimal(value: Any, stored: str) -> None:
    for kind in ("increment", "decrement"):
        parsed = operation(kind, profileId="p", property="visits", value=value)
        assert (parsed.operation, parsed.fields) == (kind, {"property": "visits", "value": stored})


def test_alias_and_groups_are_parsed() -> None:
    assert operation("alias", profileId="p", alias=3).fields == {"alias": "3"}
    assert operation("group", id=1, type="company", name="Acme", properties={"x": 1}).fields == {
        "group_id": "1",
        "group_type": "company",
        "group_name": "Acme",
    }
    assigned = operation("assign_group", groupIds=["a", 2, "a"], properties={"__deviceId": "d"})
    assert (assigned.fields, assigned.profile_id, assigned.device_id) == ({"groups": ["a", "2"]}, "", "d")
    assert event(groups=["a", 2]).groups == ["a", "2"]


def test_a_replay_is_only_recognised() -> None:
    assert isinstance(parse(Envelope("replay", {"chunk": "x"})), Replay)


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        ("Track", {"name": "a"}, "type_unknown"),
        ("", {}, "type_unknown"),
        ("track", {}, "name_missing"),
        ("track", {"name": ""}, "name_missing"),
        ("track", {"name": None}, "name_missing"),
        ("track", {"name": {}}, "value_not_text"),
        ("track", {"name": "x" * 256}, "name_too_long"),
        ("track", {"name": "a", "properties": "x"}, "properties_not_object"),
        ("track", {"name": "a", "properties": []}, "properties_not_object"),
        ("track", {"name": "a", "profileId": {}}, "value_not_text"),
        ("track", {"name": "a", "profileId": True}, "value_not_text"),
        ("track", {"name": "a", "deviceId": "x" * 1025}, "id_too_long"),
        ("track", {"name": "a", "groups": "x"}, "groups_not_a_list"),
        ("track", {"name": "a", "groups": ["g"] * 101}, "groups_not_a_list"),
        ("track", {"name": "a", "big": "x" * 40_000}, "properties_too_large"),
        ("identify", {}, "profile_id_missing"),
        ("identify", {"profileId": ""}, "profile_id_missing"),
        ("increment", {"property": "a"}, "profile_id_missing"),
        ("increment", {"profileId": "p"}, "property_missing"),
        ("increment", {"profileId": "p", "property": "a", "value": "5"}, "value_not_a_number"),
        ("increment", {"profileId": "p", "property": "a", "value": True}, "value_not_a_number"),
        ("decrement", {"profileId": "p", "property": "a", "value": 1e308}, "value_out_of_range"),
        ("decrement", {"profileId": "p", "property": "a", "value": float("nan")}, "value_out_of_range"),
        ("alias", {"profileId": "p"}, "alias_missing"),
        ("group", {"type": "t", "name": "n"}, "group_id_missing"),
        ("group", {"id": "i", "name": "n"}, "group_type_missing"),
        ("group", {"id": "i", "type": "t"}, "name_missing"),
        ("assign_group", {}, "group_ids_missing"),
    ],
)
def test_an_event_that_can_never_be_accepted_says_why(kind: str, payload: dict[str, Any], code: str) -> None:
    assert refusal(kind, **payload) == code


def test_a_name_has_up_to_255_characters() -> None:
    assert event(name="한" * 255).name == "한" * 255


def test_an_item_that_is_a_rejection_is_raised() -> None:
    with pytest.raises(Rejection, match="as it was"):
        parse(Rejection("as it was", code="body_not_json"))


IDS = ["profileId", "deviceId", "sessionId", "messageId", "id", "alias", "groups", "groupIds"]
WORDS = ["name", "properties", "timestamp", "property", "value", "type", "path", "country", "title", "screenWidth"]
KEYS = st.sampled_from([*IDS, *WORDS, "__path", "__ip", "__revenue", "a", "a.b"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS | st.text(), below, max_size=4),
    max_leaves=12,
)
KINDS = ["track", "identify", "increment", "decrement", "alias", "group", "assign_group", "replay"]


@given(st.sampled_from(KINDS) | st.text(), st.dictionaries(KEYS | st.text(), JSON, max_size=8))
def test_no_payload_raises_anything_but_a_rejection_or_is_changed(kind: str, payload: dict[str, Any]) -> None:
    before = repr(copy.deepcopy(payload))
    with suppress(Rejection):
        parse(Envelope(kind, payload))
    assert repr(payload) == before
