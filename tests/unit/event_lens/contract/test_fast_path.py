"""A usual track is read in one step, and says the same as when every key of it is looked at."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.enrichment.row_builder import body_hash
from event_lens.contract.fast_path import UsualTrack
from event_lens.contract.limits import MAX_ID_LENGTH, MAX_NAME_LENGTH, MAX_WORD_LENGTH
from event_lens.contract.parse import Event, Rejection, decode_batch, parse, parse_track
from event_lens.contract.reserved_keys import RESERVED_KEYS

LONG = "x" * (MAX_WORD_LENGTH + 1)
TEXTS = st.sampled_from(["", "a", "한", LONG, "x" * (MAX_ID_LENGTH + 1), "https://example.com/?q=1#top"])
NUMBERS = st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)  # as JSON has them
VALUES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.just({"a": [1]}))
PROPERTIES = st.dictionaries(st.one_of(st.sampled_from(sorted(RESERVED_KEYS)), st.text(max_size=3)), VALUES, max_size=6)
PAYLOADS = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "screen_view", "x" * MAX_NAME_LENGTH])},
    optional={
        "properties": st.one_of(st.none(), PROPERTIES),
        "profileId": VALUES,
        "deviceId": VALUES,
        "sessionId": VALUES,
        "messageId": VALUES,
        "timestamp": VALUES,
        "groups": st.lists(TEXTS, max_size=2),
        "path": TEXTS,
        "other": VALUES,
    },
)


def outcome(read: Any) -> Any:
    """What an event says, but for the payload it keeps; or why it is refused."""
    try:
        event = read()
    except Rejection as error:
        return error.code
    assert isinstance(event, Event)
    return {name: value for name, value in msgspec.structs.asdict(event).items() if name != "payload"}


@given(PAYLOADS)
def test_a_track_in_a_batch_has_the_same_event_as_a_track_alone(payload: dict[str, Any]) -> None:
    body = msgspec.json.encode([{"type": "track", "payload": payload}])
    sent = msgspec.json.decode(body)[0]["payload"]
    assert outcome(lambda: parse(decode_batch(body).items[0])) == outcome(lambda: parse_track(sent))


@pytest.mark.parametrize(
    ("payload", "is_usual"),
    [
        ({"name": "a", "deviceId": "d", "properties": {"__path": "/", "price": 1}}, True),
        ({"name": "a", "profileId": None, "timestamp": 1_700_000_000}, True),
        ({"name": "a", "profileId": 7}, False),
        ({"name": "a", "color": "red"}, False),
        ({"name": ""}, False),
        ({"name": "x" * (MAX_NAME_LENGTH + 1)}, False),
        ({"name": "a", "deviceId": "x" * (MAX_ID_LENGTH + 1)}, False),
    ],
)
def test_only_documented_keys_of_their_types_are_usual(payload: dict[str, Any], is_usual: bool) -> None:
    items = decode_batch(msgspec.json.encode([{"type": "track", "payload": payload}])).items
    assert isinstance(items[0], UsualTrack) is is_usual


def test_equal_bodies_have_one_hash_whichever_order_their_keys_have() -> None:
    first, second = decode_batch(
        b'[{"type":"track","payload":{"name":"a","properties":{"x":1,"y":2}}},'
        b'{"payload":{"properties":{"y":2,"x":1},"name":"a"},"type":"track"}]'
    ).items
    hashes = [body_hash(event) for event in map(parse, (first, second)) if isinstance(event, Event)]
    assert hashes[0] == hashes[1] == body_hash(parse_track({"name": "a", "properties": {"x": 1, "y": 2}}))


@given(PAYLOADS)
def test_a_track_in_a_batch_has_the_hash_that_it_has_alone(payload: dict[str, Any]) -> None:
    body = msgspec.json.encode([{"type": "track", "payload": payload}])
    (item,) = decode_batch(body).items
    sent = {key: value for key, value in payload.items() if value is not None}
    with suppress(Rejection):
        event = parse(item)
        assert isinstance(event, Event)
        assert not isinstance(item, UsualTrack) or body_hash(event) == body_hash(parse_track(sent))
