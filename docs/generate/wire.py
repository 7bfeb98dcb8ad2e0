"""`docs/wire.md`: the facts that the author of a client must know, written from the contract, the routes and the shown
cases.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from collector.http.openapi import BARE_ROUTES, openapi
from collector.http.openapi_schemas import CREDENTIALS, PAYLOADS, SENT
from event_lens.contract import limits
from event_lens.contract.headers import CLIENT_PREFIXES
from event_lens.contract.reserved_keys import REMOVED, RESERVED_KEYS, TRACK_KEYS, TRUSTED_ONLY_FIELDS
from event_lens.error_codes import SENDING, Fault

CASES = Path(__file__).resolve().parents[2] / "sdks" / "conformance"
SHOWN = {
    "types": "a track with properties, profile, groups and ids",
    "batches": "bad events are listed and leave their neighbours",
    "fields": "from a page they stay properties, count for nothing, and the answer says so",
}
CUT, REFUSED = "the rest is cut off", "it is refused"
LIMITS: tuple[tuple[str, str, str], ...] = (
    ("a body, on the wire and after decompression", f"{limits.MAX_BODY_BYTES:,} bytes", REFUSED),
    ("a batch", f"{limits.MAX_BATCH_EVENTS} events", REFUSED),
    ("the name of an event, property or group", f"{limits.MAX_NAME_LENGTH} characters", REFUSED),
    ("an id of a device, profile, session or group", f"{limits.MAX_ID_LENGTH:,} characters", REFUSED),
    ("the groups of an event", f"{limits.MAX_GROUPS}", REFUSED),
    ("`properties`, as compact JSON", f"{limits.MAX_PROPERTIES_BYTES:,} bytes", REFUSED),
    ("`properties`, levels", f"{limits.MAX_PROPERTIES_DEPTH}", REFUSED),
    ("`properties`, keys over all levels", f"{limits.MAX_PROPERTIES_KEYS:,}", REFUSED),
    ("`properties`, dotted paths together", f"{limits.MAX_PROPERTIES_PATHS:,} characters", REFUSED),
    ("a path, query, title or referrer", f"{limits.MAX_TEXT_LENGTH:,} characters", CUT),
    ("a user agent", f"{limits.MAX_USER_AGENT_LENGTH:,} characters", CUT),
    ("a name of a browser, place, campaign, SDK", f"{limits.MAX_WORD_LENGTH} characters", CUT),
    (
        "a time ahead of the collector's clock",
        f"{limits.MAX_FUTURE_MS // 1000} seconds",
        "the event gets its receive time",
    ),
)

_INTRODUCTION = """# The wire: what a client sends

For authors of clients. The protocol is that of OpenPanel's published SDKs, which send to a collector unmodified. This
page describes it in full. [sdks/conformance](../sdks/conformance) has requests and answers as data, with which you can
test a client. A collector describes its routes at `/schema` (OpenAPI). This page is written from the code by
`python -m docs.generate`.

A body is one JSON object in UTF-8, sent as `application/json`, or as `text/plain` by `navigator.sendBeacon`; it may be
compressed (`Content-Encoding: gzip` or `deflate`). **An answer of 200 or 202 means that the event is on disk**: a
client must keep the event until then, and can then forget it.
"""

LIVE_INSIGHT = """
## LiveInsight

`POST /api/events` takes one event as LiveInsight's clients send it. `event_type` and `session_id` are required;
`page_url`, `referrer`, `user_agent`, `timestamp` and `deviceId` may be left out, and other keys are properties. Without
a `page_url` the event has no path; without a `deviceId` the session is the device.

The key comes as `X-API-Key` or as a bearer token. A server sends `<client id>:<secret>` and needs no `Origin`. A page
sends the client's id alone, never the secret, and its `Origin` must be one of the client's.

```
curl https://collector.example.com/api/events -H "X-API-Key: $CLIENT_ID:$CLIENT_SECRET" \\
  -d '{"event_type": "signed_up", "session_id": "s-1"}'
```

The answer is `{"status": "success", "data": {"session_id", "timestamp"}}`, and every error is
`{"status": "error", "message"}`.
"""


def wire_page() -> str:
    """Return the text of the page: routes, keys, bodies, properties, limits, answers, LiveInsight's route and
    examples.
    """
    return "".join(
        (_INTRODUCTION, _routes(), _who(), _bodies(), _properties(), _limits(), _answers(), LIVE_INSIGHT, _examples())
    )


def _routes() -> str:
    rows = (
        (f"`{method.upper()} {path}`", about["summary"])
        for path, methods in openapi()["paths"].items()
        for method, about in methods.items()
    )
    return "\n## Routes\n\nEach is also served under `EVENTLENS_BASE_PATH`.\n\n" + _table(("route", "what it is"), rows)


def _who() -> str:
    headers = ", ".join(f"`{prefix}-id`" for prefix in CLIENT_PREFIXES)
    in_body = " and ".join(f"`{key}`" for key in CREDENTIALS)
    return f"""
## Who sends

The client's id comes in one of these headers; the first header that is present counts: {headers}.
The secret comes in a header of the same prefix that ends with `-secret`. If a client cannot set headers, it sends
{in_body} next to `type` and `payload`, or `clientId` in the query string.

A page sends no secret: its `Origin` must be one of the client's. A server sends the secret, and names its visitor's
address and browser in `openpanel-client-ip` and `user-agent`. `openpanel-sdk-name` and `openpanel-sdk-version` are
stored with each event.
"""


def _bodies() -> str:
    rows = (
        (f"`{kind}`", _keys(shape.get("required", ())), _keys(_own_keys(shape))) for kind, shape in PAYLOADS.items()
    )
    return f"""
## Bodies

`POST /track` takes `{{"type": TYPE, "payload": {{...}}}}`. `/track/batch` takes an array of these objects, or
`{{"events": [...]}}`. {", ".join(f"`/{kind}`" for kind in BARE_ROUTES)} take the payload alone.

Every payload may have {_keys(SENT)}; null is the same as absent, and an id
may be a number. `timestamp` is ISO 8601 (in UTC if it has no zone), or seconds or milliseconds since 1970; without it
the time of receipt counts. A client that may send an event again gives it a `messageId`: events with the same
`messageId` within seven days are one event.

{_table(("type", "required", "besides"), rows)}"""


def _own_keys(shape: dict[str, Any]) -> list[str]:
    others = {*SENT, *shape.get("required", ()), *TRACK_KEYS}
    return [key for key in shape.get("properties", {}) if key not in others]


def _properties() -> str:
    fields = sorted({*RESERVED_KEYS.values(), *TRACK_KEYS.values()} - {REMOVED})
    rows = (
        (
            f"`{field}`",
            _keys(key for key, filled in RESERVED_KEYS.items() if filled == field),
            _keys(key for key, filled in TRACK_KEYS.items() if filled == field),
            "with the secret" if field in {*TRUSTED_ONLY_FIELDS, "address"} else "always",
        )
        for field in fields
    )
    return f"""
## Keys that mean something

These keys of a `track`, in its `properties` or next to them, fill a field and are not properties. Some fields count
only with the secret. Without the secret their keys stay properties; the event counts, and the answer lists the field in
`notCounted`.

These keys are removed from `properties`, because a client sends them elsewhere:
{_keys(key for key, field in RESERVED_KEYS.items() if field == REMOVED)}.

{_table(("field", "in `properties`", "beside them", "counts"), rows)}"""


def _limits() -> str:
    return "\n## Limits\n\n" + _table(("of", "at most", "beyond it"), LIMITS)


def _answers() -> str:
    again = sorted({about.status for about in SENDING.values() if about.fault is Fault.PASSING} | {408, 429})
    final = sorted({about.status for about in SENDING.values() if about.fault is Fault.CALLER} - {*again, 202})
    return f"""
## Answers

- **200**: on disk. `{{"success": true, "deviceId", "sessionId"}}`.
  For a batch the answer is `{{"success": true, "accepted", "rejected"}}`. `rejected` lists each refused event by its
  `index`, with `code` and `reason`; the other events are accepted.
  `sessionId` is the id that was sent. If none was sent, it is the foreseen id of the session (`session_id` in
  `lens.sessions` and `lens.events`, a number of 64 bits as a text). Only a build knows where sessions begin: the answer
  is the session's id if the session begins after a pause, in the same stretch as the event. Stretches are as long as
  the project's session timeout, usually from :00 to :30 and from :30 to :00. A later event of the session, and one of a
  session that begins at another client session id or at midnight, is answered with another id. To find any session
  again, send an id of your own: it is `client_session_id` next to `session_id`. Or ask for the session of a device at
  an instant: `where device_id = 'd-1' and started_at <= at and ended_at >= at`.
- **202**: on disk too, but not counted, because the sender is a bot.
- **{", ".join(map(str, again))}**: send the same request again, after `Retry-After` seconds if the answer has it.
- **{", ".join(map(str, final))}**: final; the same request is refused again.

Every error is `{{"error": {{"code", "message"}}}}`, except on LiveInsight's route; the codes are in
[errors.md](errors.md).
"""


def _examples() -> str:
    return "\n## Examples\n" + "".join(_example(file, name) for file, name in SHOWN.items())


def _example(file: str, name: str) -> str:
    cases = json.loads((CASES / f"{file}.json").read_text())["cases"]
    exchange = next(case for case in cases if case["name"] == name)["exchanges"][0]
    asked, answer = exchange["request"], exchange["response"]
    headers = "".join(f"{key}: {value}\n" for key, value in asked.get("headers", {}).items())
    return (
        f"\n{name[0].upper()}{name[1:]}:\n\n```\n{asked['method']} {asked['path']}\n{headers}\n"
        f"{json.dumps(asked['json'], indent=2)}\n```\n\n```\n{answer['status']}\n\n{json.dumps(answer['json'])}\n```\n"
    )


def _keys(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
