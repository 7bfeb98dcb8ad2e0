"""Source `openpanel`: OpenPanel's events, from its export API (JSON) or its table `events`, and its people. People are
in its tables `profiles` and `profile_aliases`, or included with an event (`includes=profile`).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from collector.imports.event_frame import Chunk
from collector.imports.record_events import Said, object_of, properties_of, read_events, text_of
from collector.imports.sources import Options
from collector.imports.traits import alias, identify

SAME = (
    "device_id", "profile_id", "country", "region", "city", "longitude", "latitude", "os", "os_version", "browser",
    "browser_version", "device", "brand", "model", "origin", "path", "referrer",
)  # fmt: skip
CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def read(path: Path, options: Options) -> Iterator[Chunk]:
    return read_events(path, events_of)


def events_of(row: Said) -> list[Said] | str:
    """Return the events of a record, or the reason why the record has none. An answer of the export API is one record
    with many events.
    """
    if isinstance(row.get("data"), list) and "name" not in row:
        inner = [events_of(each) for each in row["data"] if isinstance(each, dict)]
        return [event for events in inner if not isinstance(events, str) for event in events]
    row = _snake(row)
    if row.get("alias") and row.get("profile_id"):
        return [alias(row["profile_id"], row["alias"], content=f"alias\0{row['alias']}", at=row.get("created_at"))]
    if "is_external" in row:
        return _profile(row)
    if not row.get("name") or not row.get("created_at"):
        return "no event"
    properties = object_of(row.get("properties"))
    query = {key.removeprefix("__query."): value for key, value in properties.items() if key.startswith("__query.")}
    own = {key: value for key, value in properties.items() if not key.startswith("__")}
    session = row.get("session_id")
    device, profile = text_of(row.get("device_id")), text_of(row.get("profile_id"))
    person = _profile(_snake(object_of(row.get("profile")))) if row.get("profile") else ()
    return [
        *(person if not isinstance(person, str) else ()),
        {key: row.get(key) for key in SAME}
        | {key: query.get(key) for key in CAMPAIGN}
        | {
            "content": row.get("id") or "\0".join(map(text_of, (row["created_at"], device, session, row["name"]))),
            "at": row["created_at"],
            "name": row["name"],
            "client_session_id": session,
            # OpenPanel's anonymous visitors have their device id as the profile id.
            "profile_id": "" if profile == device else profile,
            "search": "&".join(f"{key}={value}" for key, value in query.items()),
            "title": properties.get("__title"),
            "revenue": row.get("revenue") or properties.get("__revenue"),
            "properties": properties_of(own),
        },
    ]


def _profile(row: Said) -> list[Said] | str:
    """Return the calls that a profile becomes: a row of the table of profiles, or a profile within an event of the
    export API.
    """
    if not row.get("id") or text_of(row.get("is_external")).lower() not in ("true", "1"):
        return "anonymous profile"
    named = {key: row.get(key) for key in ("first_name", "last_name", "email", "avatar") if row.get(key)}
    traits = object_of(row.get("properties")) | named
    content = "\0".join(("profile", text_of(row["id"]), properties_of(traits)))
    return [identify(row["id"], traits, content=content, at=row.get("created_at"))]


def _snake(row: Said) -> Said:
    return {re.sub(r"(?<=[a-z])([A-Z])", r"_\1", key).lower(): value for key, value in row.items()}
