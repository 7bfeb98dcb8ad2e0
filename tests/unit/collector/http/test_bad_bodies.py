"""Bodies nobody should send: each gets its answer, none a 500, and its neighbours land."""

import gzip
import json
import uuid

import httpx
import pytest

from event_lens.contract.limits import MAX_BODY_BYTES
from event_lens.warehouse.client import Warehouse
from tests.unit.collector.conftest import CollectorProcess

DEEP = 1000
OTHER_TYPES = ["TRACK", "Track", "track ", "", "__proto__", "constructor", "\0", 5, None, True, [], {}]


def body(name: object, **payload: object) -> bytes:
    return json.dumps({"type": "track", "payload": {"name": name, **payload}}).encode()


def with_properties(text: str) -> bytes:
    return f'{{"type":"track","payload":{{"name":"a","properties":{text}}}}}'.encode()


REFUSED: list[tuple[str, bytes, str]] = [
    ("empty", b"", "body_not_json"),
    ("null", b"null", "body_not_object"),
    ("an array", b"[]", "body_not_object"),
    ("text", b'"x"', "body_not_object"),
    ("a number", b"1", "body_not_object"),
    ("nothing in it", b"{}", "type_unknown"),
    ("truncated", body("a")[:-5], "body_not_json"),
    ("trailing garbage", body("a") + b" trailing", "body_not_json"),
    ("two bodies", body("a") * 2, "body_not_json"),
    ("UTF-16", body("a").decode().encode("utf-16"), "body_not_json"),
    ("UTF-32", body("a").decode().encode("utf-32"), "body_not_json"),
    ("invalid UTF-8", body("@").replace(b"@", b"\xff"), "body_not_json"),
    ("overlong UTF-8", body("@").replace(b"@", b"\xc0\xaf"), "body_not_json"),
    ("a lone surrogate in a name", body("@", title="some more").replace(b"@", b"\\ud800"), "properties_not_storable"),
    ("a lone surrogate in a key", with_properties('{"\\udc00":1}'), "properties_not_storable"),
    ("NaN", with_properties('{"n":NaN}'), "properties_not_storable"),
    ("Infinity", with_properties('{"n":-Infinity}'), "properties_not_storable"),
    ("1e400", with_properties('{"n":1e400}'), "properties_not_storable"),
    ("depth in the properties", with_properties('{"a":' * DEEP + "1" + "}" * DEEP), "properties_too_deep"),
    ("depth beside the payload", b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "properties_too_deep"),
    ("many keys", with_properties(json.dumps({f"k{n}": n for n in range(5000)})), ""),
    ("many bytes of properties", with_properties(json.dumps({"a": "x" * 40_000})), "properties_too_large"),
    ("properties that are text", with_properties('"a"'), "properties_not_object"),
    ("properties that are an array", with_properties("[]"), "properties_not_object"),
    ("one path twice", with_properties('{"a.b":1,"a":{"b":2}}'), "properties_not_storable"),
    ("an empty name", body(""), "name_missing"),
    ("no name", b'{"type":"track","payload":{}}', "name_missing"),
    ("a name of null", body(None), "name_missing"),
    ("a name that is an object", body({}), "value_not_text"),
    ("a long name", body("x" * 256), "name_too_long"),
    ("a payload that is an array", b'{"type":"track","payload":[]}', "payload_not_object"),
    ("a payload of null", b'{"type":"track","payload":null}', "payload_not_object"),
    ("1970", body("a", timestamp=0), "timestamp_too_old"),
    ("a device that is an object", body("a", deviceId={}), "value_not_text"),
    ("a long device", body("a", deviceId="d" * 5000), "id_too_long"),
    *(
        (f"the type {kind!r}", json.dumps({"type": kind, "payload": {"name": "a"}}).encode(), "type_unknown")
        for kind in OTHER_TYPES
    ),
    ("an increment by NaN", b'{"type":"increment","payload":{"profileId":"p","property":"n","value":NaN}}', ""),
    ("an increment by text", b'{"type":"increment","payload":{"profileId":"p","property":"n","value":"x"}}', ""),
    ("an increment by 1e308", b'{"type":"increment","payload":{"profileId":"p","property":"n","value":1e308}}', ""),
    ("an alias of nothing", b'{"type":"alias","payload":{"profileId":"p"}}', "alias_missing"),
]

TAKEN: list[tuple[str, bytes]] = [
    ("a byte order mark", b"\xef\xbb\xbf" + body("@")),
    ("white space around it", b" \r\n\t" + body("@") + b"\n\n"),
    ("a NUL and a line break in ids", body("@", deviceId="a\0b", profileId="c\nd")),
    ("2^53+1", body("@", properties={"n": 2**53 + 1})),
    ("a number with many digits", body("@", properties={"n": 10**30})),
    ("__proto__", body("@", properties={"__proto__": {"admin": True}, "constructor": 1})),
    ("a key twice", body("@")[:-2] + b',"properties":{"a":1,"a":2}}}'),
    ("a number for the key", body("@", properties={"same": 1})),
    ("a text for the key", body("@", properties={"same": "1"})),
    ("a boolean for the key", body("@", properties={"same": True})),
    ("a list for the key", body("@", properties={"same": [1, "1", None, {"a": 1}]})),
    ("an object for the key", body("@", properties={"same": {"a": {"b": 1}}})),
    ("dots and quotes in keys", body("@", properties={"a.b": 1, "`": 2, '"': 3, "c": {"d": 5}})),
    ("the year 9999", body("@", timestamp="9999-12-31T00:00:00Z")),
    ("a time that is not one", body("@", timestamp="half past")),
    ("an address of 2 MB is cut", body("@", path="/" + "p" * 900_000)),
    ("a hostile address", body("@", path="javascript://%00@[::1:80/%zz?%=%&;#")),
    ("reserved names of the wrong kind", body("@", properties={"path": [], "screenWidth": "wide", "language": {}})),
    ("nulls everywhere", body("@", deviceId=None, profileId=None, properties=None, groups=None, timestamp=None)),
]


def code_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, str] = answer.json()["error"]
    assert set(error) == {"code", "message"}
    return error["code"]


@pytest.mark.parametrize(("content", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_bad_body_is_refused_with_its_reason_on_every_route(
    collector: CollectorProcess, content: bytes, code: str
) -> None:
    answer = collector.post("/track", content)
    assert answer.status_code == 400, answer.text
    assert code_of(answer) == code or not code
    for path in ("/track/batch", "/increment", "/alias", "/api/events"):
        assert collector.post(path, content).status_code in (200, 400)


def test_bad_items_of_a_batch_leave_their_neighbours(collector: CollectorProcess, warehouse: Warehouse) -> None:
    bad = [content for _, content, code in REFUSED if code not in ("body_not_json", "properties_too_deep")]
    name = uuid.uuid4().hex
    for begin in range(0, len(bad), 25):
        items = [part for content in bad[begin : begin + 25] for part in (content, body(name))]
        answer = collector.post("/track/batch", b"[" + b",".join(items) + b"]")
        assert answer.status_code == 200, answer.text
        assert [item["index"] for item in answer.json()["rejected"]] == list(range(0, len(items), 2))
    assert count(collector, warehouse, name) == len(bad)


@pytest.mark.parametrize("content", [case[1] for case in TAKEN], ids=[case[0] for case in TAKEN])
def test_an_odd_body_that_can_be_kept_is_kept(
    collector: CollectorProcess, warehouse: Warehouse, content: bytes
) -> None:
    name = uuid.uuid4().hex
    assert collector.post("/track", content.replace(b"@", name.encode(), 1)).status_code == 200
    assert count(collector, warehouse, name) == 1


def count(collector: CollectorProcess, warehouse: Warehouse, name: str) -> int:
    collector.wait_until_landed()
    (row,) = warehouse.rows(
        "SELECT count() AS n FROM lens_raw.events WHERE project_id = {project:String} AND name = {name:String}",
        {"project": collector.project_id, "name": name},
    )
    return int(row["n"])


@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded", "image/png", "", 'a;b="c', None])
def test_json_is_read_under_any_content_type(collector: CollectorProcess, type: str | None) -> None:
    headers = collector.headers if type is None else {**collector.headers, "content-type": type}
    assert collector.post("/track", body("a"), headers).status_code == 200


def test_a_broken_body_of_a_known_client_is_in_the_ledger_without_its_text(
    collector: CollectorProcess, warehouse: Warehouse
) -> None:
    content = f'{{"type":"track","payload":{{"{uuid.uuid4().hex}'.encode()
    assert code_of(collector.post("/track", content)) == "body_not_json"
    collector.wait_until_landed()
    rows = warehouse.rows(
        "SELECT body, body_length FROM lens_raw.quarantine WHERE project_id = {id:String} AND code = 'body_not_json'",
        {"id": collector.project_id},
    )
    assert {"body": "", "body_length": len(content)} in rows


def padded(size: int) -> bytes:
    content = body("a")
    return content + b" " * (size - len(content))


def test_the_size_limit_holds_on_the_wire_and_after_decompression(collector: CollectorProcess) -> None:
    packed = {**collector.headers, "content-encoding": "gzip"}
    whole, beyond = padded(MAX_BODY_BYTES), padded(MAX_BODY_BYTES + 1)
    assert collector.post("/track", whole).status_code == 200
    assert collector.post("/track", gzip.compress(whole), packed).status_code == 200
    for answer in (
        collector.post("/track", beyond),
        collector.post("/track", gzip.compress(beyond), packed),
        collector.post("/track", gzip.compress(b" " * (64 << 20), 9), packed),
        collector.client.post(
            f"{collector.url}/track", content=(b" " * 65536 for _ in range(32)), headers=collector.headers
        ),
    ):
        assert (answer.status_code, code_of(answer)) == (413, "body_too_large")


def test_broken_and_unknown_encodings_are_refused(collector: CollectorProcess) -> None:
    packed = {**collector.headers, "content-encoding": "gzip"}
    answer = collector.post("/track", gzip.compress(body("a"))[:-6], packed)
    assert (answer.status_code, code_of(answer)) == (400, "body_not_decompressed")
    answer = collector.post("/track", body("a"), {**packed, "content-encoding": "br"})
    assert (answer.status_code, code_of(answer)) == (415, "encoding_unknown")
