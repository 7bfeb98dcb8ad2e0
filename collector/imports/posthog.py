"""Source `posthog`: events as PostHog exports them, in JSON, CSV or Parquet."""

from collections.abc import Iterator
from pathlib import Path

from collector.imports.event_frame import Chunk
from collector.imports.record_events import Said, object_of, properties_of, read_events, text_of
from collector.imports.sources import Options

NAMES = {"$pageview": "screen_view", "$screen": "screen_view"}
# Of its own bookkeeping.
LEFT_OUT = frozenset(
    {"$pageleave", "$identify", "$create_alias", "$set", "$groupidentify", "$feature_flag_called", "$web_vitals",
     "$merge_dangerously", "$snapshot", "$opt_in"}
)  # fmt: skip
DIRECT = "$direct"


def read(path: Path, options: Options) -> Iterator[Chunk]:
    return read_events(path, event_of)


def event_of(row: Said) -> list[Said] | str:
    name = text_of(row.get("event"))
    if not name or not row.get("timestamp"):
        return "no event"
    if name in LEFT_OUT:
        return f"{name} (bookkeeping)"
    said = object_of(row.get("properties"))
    person = text_of(row.get("distinct_id"))
    device = text_of(said.get("$device_id")) or person
    agent = text_of(said.get("$raw_user_agent"))
    referrer = text_of(said.get("$referrer"))
    kind = text_of(said.get("$device_type")).lower()
    is_anonymous = person == device or said.get("$is_identified") is False
    return [
        {
            "content": row.get("uuid")
            or "\0".join(map(text_of, (row["timestamp"], person, name, said.get("$insert_id")))),
            "at": row["timestamp"],
            "name": NAMES.get(name, name),
            "device_id": device,
            "profile_id": text_of(said.get("$user_id")) or ("" if is_anonymous else person),
            "client_session_id": said.get("$session_id"),
            "user_agent": agent,
            "path": said.get("$screen_name")
            if name == "$screen"
            else said.get("$current_url") or said.get("$pathname"),
            "referrer": "" if referrer == DIRECT else referrer,
            "title": said.get("title"),
            "language": said.get("$browser_language"),
            "browser": said.get("$browser"),
            "browser_version": said.get("$browser_version"),
            "os": said.get("$os"),
            "os_version": said.get("$os_version"),
            "device": kind,
            "brand": said.get("$device_manufacturer"),
            "model": said.get("$device_model") or ("" if kind == "desktop" else said.get("$device")),
            "country": said.get("$geoip_country_code"),
            "region": said.get("$geoip_subdivision_1_name"),
            "city": said.get("$geoip_city_name"),
            "latitude": said.get("$geoip_latitude"),
            "longitude": said.get("$geoip_longitude"),
            "screen_width": said.get("$screen_width"),
            "screen_height": said.get("$screen_height"),
            "revenue": said.get("revenue"),
            "currency": said.get("currency"),
            "properties": properties_of({key: value for key, value in said.items() if not _is_own(key)}),
        }
        | {key: said.get(key) for key in ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")}
    ]


def _is_own(key: str) -> bool:
    return key.startswith(("$", "utm_")) or key in ("title", "revenue", "currency", "distinct_id", "token")
