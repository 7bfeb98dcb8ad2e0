"""Source `posthog`: PostHog's exports of events and persons, in JSON, CSV or Parquet."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from collector.imports.event_frame import Chunk
from collector.imports.record_events import Said, object_of, properties_of, read_events, text_of
from collector.imports.sources import Options
from collector.imports.traits import alias, assign_group, group, identify

NAMES = {"$pageview": "screen_view", "$screen": "screen_view"}
# PostHog's own bookkeeping events.
LEFT_OUT = frozenset(
    {"$pageleave", "$identify", "$create_alias", "$set", "$groupidentify", "$feature_flag_called", "$web_vitals",
     "$merge_dangerously", "$snapshot", "$opt_in"}
)  # fmt: skip
DIRECT = "$direct"
ALIASES = ("$create_alias", "$merge_dangerously")
# PostHog's clients for servers, which name the person and have no device.
OF_SERVERS = re.compile(r"posthog-(python|node|php|ruby|go|java|dotnet|elixir|rs|rust)(-|$)")
ANONYMOUS_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def read(path: Path, options: Options) -> Iterator[Chunk]:
    """Yield events, and the calls about people and groups in them and in the table of persons."""
    first_values: dict[tuple[str, str], Any] = {}
    seen_groups: dict[str, Said] = {}
    return read_events(path, lambda row: records_of(row, first_values, seen_groups))


def records_of(row: Said, first_values: dict[tuple[str, str], Any], seen_groups: dict[str, Said]) -> list[Said] | str:
    """Return the event in a row and its calls. `first_values`: the first values of `$set_once` in a file, by person and
    name; `seen_groups`: the groups that each person's last event in a file named.
    """
    name = text_of(row.get("event"))
    if not name and row.get("person_id") and row.get("created_at"):
        return _person(row)
    if not name or not row.get("timestamp"):
        return "no event"
    said = object_of(row.get("properties"))
    calls = [*_calls(name, row, said, first_values), *_groups(name, row, said, seen_groups)]
    if name in LEFT_OUT:
        return calls or f"{name} (bookkeeping)"
    return [_event(name, row, said), *calls]


def _ids(row: Said, said: Said) -> tuple[str, str]:
    """Return the device, and the person if one is known."""
    person = text_of(row.get("distinct_id"))
    named = text_of(said.get("$user_id"))
    if OF_SERVERS.match(text_of(said.get("$lib"))) and not said.get("$device_id"):
        return ("", named or person) if said.get("$process_person_profile") is not False else (person, named)
    device = text_of(said.get("$device_id")) or person
    is_anonymous = person == device or said.get("$is_identified") is False
    return device, named or ("" if is_anonymous else person)


def _person(row: Said) -> list[Said] | str:
    """Return the calls of a row of the table of persons, which has one row per id of a person."""
    person = text_of(row.get("distinct_id"))
    if ANONYMOUS_ID.fullmatch(person):
        return "anonymous id of a person"
    traits = _own(object_of(row.get("properties")))
    content = "\0".join(("person", person, text_of(row.get("person_version")), properties_of(traits)))
    return [identify(person, traits, content=content, at=row["created_at"])]


def _calls(name: str, row: Said, said: Said, first_values: dict[tuple[str, str], Any]) -> list[Said]:
    content = _content(name, row, said)
    device, person = _ids(row, said)
    sender = {"at": row["timestamp"], "user_agent": text_of(said.get("$raw_user_agent"))}
    if name in ALIASES and said.get("alias"):
        known = said.get("distinct_id") or row.get("distinct_id")
        return [alias(known, said["alias"], content=content, device_id=device, **sender)]
    if name == "$groupidentify" and said.get("$group_key"):
        traits = _own(object_of(said.get("$group_set")))
        made = group(said["$group_key"], said.get("$group_type"), traits, content=content, device_id=device, **sender)
        return [made]
    if name == "$identify":
        device, person = text_of(said.get("$anon_distinct_id")) or device, person or text_of(row.get("distinct_id"))
    traits = _traits(person, said, row, first_values) if person else {}
    if not person or not (traits or name == "$identify"):
        return []
    return [identify(person, traits, content=f"{content}\0identify", device_id=device, **sender)]


def _groups(name: str, row: Said, said: Said, seen_groups: dict[str, Said]) -> list[Said]:
    """Return calls for the groups of the person that an event names, when they differ from the groups of the person's
    event before. Each event repeats the groups, and a group is identified by its key alone, as in `$groupidentify`.
    """
    device, person = _ids(row, said)
    named = {kind: text_of(key) for kind, key in object_of(said.get("$groups")).items() if isinstance(key, str | int)}
    groups = {kind: key for kind, key in named.items() if key}
    if not person or not groups or name in LEFT_OUT or seen_groups.get(person) == groups:
        return []
    seen_groups[person] = groups
    sender = {"at": row["timestamp"], "user_agent": text_of(said.get("$raw_user_agent")), "device_id": device}
    content = _content(name, row, said)
    return [assign_group(person, key, content=f"{content}\0assign {kind}", **sender) for kind, key in groups.items()]


def _traits(person: str, said: Said, row: Said, first_values: dict[tuple[str, str], Any]) -> Said:
    """Return the traits of `$set`, and each trait of `$set_once` whose value is the first for its person."""
    once = object_of(said.get("$set_once")) or object_of(row.get("set_once"))
    kept = {key: value for key, value in _own(once).items() if first_values.setdefault((person, key), value) == value}
    return kept | _own(object_of(said.get("$set")) or object_of(row.get("set")))


def _own(traits: Mapping[str, Any]) -> Said:
    """Return the traits that PostHog did not add by itself."""
    return {key: value for key, value in traits.items() if not key.startswith("$")}


def _content(name: str, row: Said, said: Said) -> str:
    whole = (row["timestamp"], row.get("distinct_id"), name, said.get("$insert_id"))
    return text_of(row.get("uuid")) or "\0".join(map(text_of, whole))


def _event(name: str, row: Said, said: Said) -> Said:
    device, profile = _ids(row, said)
    agent = text_of(said.get("$raw_user_agent"))
    referrer = text_of(said.get("$referrer"))
    kind = text_of(said.get("$device_type")).lower()
    return {
        "content": _content(name, row, said),
        "at": row["timestamp"],
        "name": NAMES.get(name, name),
        "device_id": device,
        "profile_id": profile,
        "client_session_id": said.get("$session_id"),
        "user_agent": agent,
        "path": said.get("$screen_name") if name == "$screen" else said.get("$current_url") or said.get("$pathname"),
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
    } | {key: said.get(key) for key in ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")}


def _is_own(key: str) -> bool:
    return key.startswith(("$", "utm_")) or key in ("title", "revenue", "currency", "distinct_id", "token")
