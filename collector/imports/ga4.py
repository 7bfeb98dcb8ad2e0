"""Source `ga4`: Google Analytics 4 as BigQuery exports it, `events_*` in JSON or Parquet."""

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from collector.imports.event_frame import Chunk
from collector.imports.record_events import Said, object_of, properties_of, read_events, text_of
from collector.imports.sources import Options
from collector.imports.traits import identify

# Google's own bookkeeping events; all others are imported.
LEFT_OUT = frozenset({"session_start", "first_visit", "first_open", "user_engagement"})
SET_AT = "set_timestamp_micros"
OF_THE_PAGE = frozenset(
    {"page_location", "page_referrer", "page_title", "ga_session_id", "ga_session_number", "engagement_time_msec",
     "session_engaged", "batch_ordering_id", "batch_page_id", "entrances", "source", "medium", "campaign", "term",
     "content", "value", "currency", "ignore_referrer"}
)  # fmt: skip


def read(path: Path, options: Options) -> Iterator[Chunk]:
    return read_events(path, event_of)


def event_of(row: Said) -> list[Said] | str:
    name = row.get("event_name")
    if not isinstance(name, str) or not text_of(row.get("event_timestamp")).isdecimal():
        return "no event"
    if name in LEFT_OUT:
        return f"{name} (bookkeeping)"
    said = parameters_of(row.get("event_params"))
    device, geo, source = (object_of(row.get(key)) for key in ("device", "geo", "collected_traffic_source"))
    web = object_of(device.get("web_info"))
    bought = object_of(row.get("ecommerce"))
    microseconds = int(row["event_timestamp"])
    is_purchase = name in ("purchase", "in_app_purchase", "refund")
    order = (row.get("event_bundle_sequence_id"), row.get("batch_event_index"), said.get("batch_ordering_id"))
    session = said.get("ga_session_id")
    return [
        *_person(row),
        {
            "content": "\0".join(
                map(text_of, (row.get("stream_id"), row.get("user_pseudo_id"), microseconds, name, *order))
            ),
            "at": microseconds // 1000,
            "name": name,
            "device_id": row.get("user_pseudo_id"),
            "profile_id": row.get("user_id"),
            "client_session_id": session,
            "path": said.get("page_location") or said.get("firebase_screen"),
            "referrer": said.get("page_referrer"),
            "title": said.get("page_title"),
            "utm_source": source.get("manual_source") or said.get("source"),
            "utm_medium": source.get("manual_medium") or said.get("medium"),
            "utm_campaign": source.get("manual_campaign_name") or said.get("campaign"),
            "utm_term": source.get("manual_term") or said.get("term"),
            "utm_content": source.get("manual_content") or said.get("content"),
            "browser": web.get("browser") or device.get("browser"),
            "browser_version": web.get("browser_version") or device.get("browser_version"),
            "os": device.get("operating_system"),
            "os_version": _version(device.get("operating_system"), device.get("operating_system_version")),
            "device": {"smart tv": "tv"}.get(text_of(device.get("category")), device.get("category")),
            "brand": device.get("mobile_brand_name"),
            "model": device.get("mobile_model_name"),
            "language": device.get("language"),
            "country": country_code(text_of(geo.get("country"))),
            "region": geo.get("region"),
            "city": geo.get("city"),
            "revenue": _revenue(name, bought, said) if is_purchase else None,
            "currency": said.get("currency") if is_purchase else None,
            "properties": properties_of({key: value for key, value in said.items() if key not in OF_THE_PAGE}),
        },
    ]


def _person(row: Said) -> list[Said]:
    """Return an identify call with the properties of a named user; each event repeats them, with the time when they
    were set.
    """
    told = map(object_of, _list(row.get("user_properties")))
    given = {text_of(each.get("key")): object_of(each.get("value")) for each in told}
    at = max((int(text) for value in given.values() if (text := text_of(value.get(SET_AT))).isdecimal()), default=0)
    traits = parameters_of([{"key": key, "value": value | {SET_AT: None}} for key, value in given.items()])
    if not row.get("user_id") or not traits:
        return []
    content = "\0".join(("user", text_of(row["user_id"]), properties_of(traits), str(at)))
    return [identify(row["user_id"], traits, content=content, at=at // 1000 or int(row["event_timestamp"]) // 1000)]


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []


def parameters_of(said: Any) -> Said:
    """Return `event_params` as an object; each parameter has a value of one of four types."""
    found: Said = {}
    for each in map(object_of, _list(said)):
        values = object_of(each.get("value"))
        value = next((value for value in values.values() if value is not None), None)
        is_whole = text_of(values.get("int_value")).lstrip("-").isdecimal()
        found[text_of(each.get("key"))] = int(values["int_value"]) if is_whole else value
    return found


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {name.lower(): code for code, name in rows} | OTHER_NAMES


# Google's names of countries, where they differ.
OTHER_NAMES = {
    "united kingdom": "GB", "south korea": "KR", "north korea": "KP", "russia": "RU", "türkiye": "TR", "turkey": "TR",
    "czechia": "CZ", "hong kong": "HK", "macao": "MO", "vietnam": "VN", "côte d’ivoire": "CI", "côte d'ivoire": "CI",
    "bosnia & herzegovina": "BA", "trinidad & tobago": "TT", "congo - kinshasa": "CD", "congo - brazzaville": "CG",
    "north macedonia": "MK", "myanmar (burma)": "MM", "palestine": "PS", "syria": "SY", "laos": "LA", "brunei": "BN",
    "moldova": "MD", "réunion": "RE", "curaçao": "CW", "eswatini": "SZ", "st. lucia": "LC", "antigua & barbuda": "AG",
    "u.s. virgin islands": "VI", "samoa": "WS", "american samoa": "AS", "cape verde": "CV", "timor-leste": "TL",
    "são tomé & príncipe": "ST", "st. kitts & nevis": "KN", "st. vincent & grenadines": "VC", "åland islands": "AX",
}  # fmt: skip


def country_code(name: str) -> str:
    """Return the ISO code of a country's English name; empty for an unknown one."""
    return _countries().get(name.lower(), "")


def _version(system: Any, version: Any) -> str:
    """Return the version without the system's name: BigQuery has `Windows 10` and `iOS 17.1` here."""
    return text_of(version).removeprefix(text_of(system)).strip()


def _revenue(name: str, bought: Said, said: Said) -> Any:
    if name == "refund":
        amount = bought.get("refund_value") or said.get("value")
        return None if amount is None else f"-{text_of(amount).strip().removeprefix('-')}"
    return bought.get("purchase_revenue") if bought.get("purchase_revenue") is not None else said.get("value")
