"""Bytes to envelopes: text that is not JSON, and how a bad item of a batch leaves its neighbours alone."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from event_lens.contract.decode import Envelope, decode_bare, decode_batch, decode_one
from event_lens.contract.limits import MAX_BATCH_EVENTS
from event_lens.contract.parse import Event, parse
from event_lens.contract.rejection import Rejection

GOOD = b'{"type":"track","payload":{"name":"good"}}'
BOMB = b"[" * 5000 + b"]" * 5000

WHOLE = [
    (b"", "body_not_json"),
    (b"null", "body_not_object"),
    (b"[]", "body_not_object"),
    (b'"x"', "body_not_object"),
    (b"1", "body_not_object"),
    (b'{"type":"track","payload":', "body_not_json"),
    (GOOD + b" x", "body_not_json"),
    (b'{"type":"track","payload":{"name":"\xff"}}', "body_not_json"),
    (GOOD.decode().encode("utf-16"), "body_not_json"),
    (b'{"payload":{}}', "type_unknown"),
    (b'{"type":5,"payload":{}}', "type_unknown"),
    (b'{"type":"track"}', "payload_not_object"),
    (b'{"type":"track","payload":[]}', "payload_not_object"),
    (b'{"type":"track","payload":{"name":"a","properties":{"x":NaN}}}', "properties_not_storable"),
    (b'{"type":"track","payload":{"name":"a","properties":{"x":-Infinity}}}', "properties_not_storable"),
    (b'{"type":"track","payload":{"name":"a","properties":{"x":1e400}}}', "properties_not_storable"),
    (b'{"type":"track","payload":{"name":"\\ud800 alone"}}', "properties_not_storable"),
    (b'{"type":"track","payload":{"name":"\\udc00"}}', "properties_not_storable"),
    (b'{"type":"track","payload":{"name":"a","properties":{"x":' + BOMB + b"}}}", "properties_too_deep"),
]


@pytest.mark.parametrize(("body", "code"), WHOLE, ids=range(len(WHOLE)))
def test_a_body_that_cannot_be_read_says_why(body: bytes, code: str) -> None:
    with pytest.raises(Rejection) as caught:
        decode_one(body)
    assert caught.value.code == code


def test_credentials_are_read_from_the_body_and_a_byte_order_mark_is_no_harm() -> None:
    body = b'\xef\xbb\xbf{"type":"track","payload":{"name":"a"},"clientId":"c","clientSecret":"s"}'
    assert decode_one(body) == Envelope("track", {"name": "a"}, "c", "s")


def test_a_bare_payload_loses_its_credentials() -> None:
    assert decode_bare("alias", b'{"profileId":"p","alias":"a","clientId":"c","clientSecret":1}') == Envelope(
        "alias", {"profileId": "p", "alias": "a"}, "c", ""
    )
    with pytest.raises(Rejection, match="not a JSON object"):
        decode_bare("alias", b"[]")


@pytest.mark.parametrize("body", [b"[%b,%b]", b'{"events":[%b,%b]}', b' {"clientId":"c", "events" : [ %b , %b ] } '])
def test_a_batch_is_an_array_with_or_without_a_name(body: bytes) -> None:
    items = decode_batch(body % (GOOD, GOOD)).items
    assert [event.name for event in map(parse, items) if isinstance(event, Event)] == ["good", "good"]


@pytest.mark.parametrize("around", [b"[%b,%b,%b]", b'{"events":[%b,%b,%b],"clientId":"c"}'])
@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b'{"type":"track","payload":{"name":"a","properties":{"x":NaN}}}', "properties_not_storable"),
        (b'{"type":"track","payload":{"name":"\\ud83d,]}"}}', "properties_not_storable"),
        (b'{"type":"track","payload":{"name":"\xff"}}', "body_not_json"),
        (BOMB, "properties_too_deep"),
        (b"[}", ""),
        (b"tru", "body_not_json"),
        (b"", "body_not_json"),
        (b"7", "body_not_object"),
    ],
)
def test_a_bad_item_leaves_its_neighbours_alone(around: bytes, bad: bytes, code: str) -> None:
    body = around % (GOOD, bad, GOOD)
    if not code:  # the brackets do not close: where the item ends is unknown
        with pytest.raises(Rejection):
            decode_batch(body + b"[")
        return
    first, item, last = decode_batch(body).items
    assert first == last == Envelope("track", {"name": "good"})
    assert isinstance(item, Rejection)
    assert item.code == code
    assert item.raw == bad


def test_a_batch_has_up_to_a_hundred_items() -> None:
    assert len(decode_batch(b"[" + b",".join([GOOD] * MAX_BATCH_EVENTS) + b"]").items) == MAX_BATCH_EVENTS
    assert decode_batch(b"[]").items == []
    for item in (GOOD, b"NaN"):
        with pytest.raises(Rejection) as caught:
            decode_batch(b"[" + b",".join([item] * (MAX_BATCH_EVENTS + 1)) + b"]")
        assert caught.value.code == "batch_too_large"


@pytest.mark.parametrize("body", [b"{}", b'{"events":null}', b'{"events":{}}', b'"x"', b"1", b"null"])
def test_a_body_without_items_is_not_a_batch(body: bytes) -> None:
    with pytest.raises(Rejection) as caught:
        decode_batch(body)
    assert caught.value.code == "body_not_array"


@given(
    st.binary()
    | st.lists(st.sampled_from([GOOD, b"NaN", b"[", b"]", b"{", b"}", b",", b'"', b"\\", b":"])).map(b"".join)
)
@example(b'["\\')
@example(b"]")
def test_no_bytes_raise_anything_but_a_rejection(body: bytes) -> None:
    for decode in (decode_one, decode_batch, lambda body: decode_bare("track", body)):
        with suppress(Rejection):
            decode(body)


@given(st.lists(st.sampled_from([GOOD, b"NaN", b'"a,]\\""', b'{"a":[1,{"b":"}"}]}', b"[[]]", b"nope"]), max_size=20))
def test_a_batch_has_as_many_items_as_were_sent(pieces: list[bytes]) -> None:
    items = decode_batch(b"[" + b" ,\n".join(pieces) + b"]").items
    assert [not isinstance(item, Rejection) for item in items] == [piece == GOOD for piece in pieces]


def test_an_item_nested_nearly_too_deeply_is_refused_like_any_other() -> None:
    for depth in range(900, 1100, 7):
        nested = b"[" * depth + b"]" * depth
        items = decode_batch(b"[" + nested + b"," + GOOD + b"]").items
        assert isinstance(items[0], Rejection)
        assert items[1] == Envelope("track", msgspec.json.decode(GOOD)["payload"])
