"""Source `matomo`: visits in the form of Matomo's API, `Live.getLastVisitsDetails` with `format=JSON`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from collector.imports.event_frame import Chunk
from collector.imports.record_events import Said, properties_of, read_events, sides_of, text_of
from collector.imports.sources import Options

NAMES = {
    "action": "screen_view", "download": "download", "outlink": "outlink", "search": "search",
    "ecommerceOrder": "purchase", "ecommerceAbandonedCart": "abandoned_cart", "goal": "goal",
}  # fmt: skip
# Matomo's own names for utm_*, newest first, and a visit's fields about its campaign.
CAMPAIGN = {
    "utm_source": (("mtm_source", "matomo_source", "pk_source", "piwik_source"), "campaignSource"),
    "utm_medium": (("mtm_medium", "matomo_medium", "pk_medium", "piwik_medium"), "campaignMedium"),
    "utm_campaign": (("mtm_campaign", "matomo_campaign", "pk_campaign", "piwik_campaign"), "campaignName"),
    "utm_term": (("mtm_keyword", "mtm_kwd", "matomo_kwd", "pk_keyword", "pk_kwd", "piwik_kwd"), "campaignKeyword"),
    "utm_content": (("mtm_content", "matomo_content", "pk_content", "piwik_content"), "campaignContent"),
}
OF_A_CAMPAIGN = {"utm_campaign": "referrerName", "utm_term": "referrerKeyword"}
DEVICES = {
    "smartphone": "mobile",
    "phablet": "mobile",
    "feature phone": "mobile",
    "tv": "tv",
    "portable media player": "mobile",
}


def read(path: Path, options: Options) -> Iterator[Chunk]:
    """Yield the events of a file: each action of a visit is an event."""
    return read_events(path, events_of)


def events_of(visit: Said) -> list[Said] | str:
    actions = visit.get("actionDetails")
    if not visit.get("idVisit") or not isinstance(actions, list):
        return "no visit"
    width, height = sides_of(visit.get("resolution"))
    device = text_of(visit.get("deviceType")).lower()
    shared = {
        "device_id": visit.get("visitorId"),
        "profile_id": visit.get("userId"),
        "client_session_id": visit["idVisit"],
        "browser": visit.get("browserName"),
        "browser_version": visit.get("browserVersion"),
        "os": visit.get("operatingSystemName"),
        "os_version": visit.get("operatingSystemVersion"),
        "device": DEVICES.get(device, device),
        "brand": _known(visit.get("deviceBrand")),
        "model": _known(visit.get("deviceModel")),
        "language": visit.get("languageCode"),
        "country": text_of(visit.get("countryCode")).upper(),
        "region": visit.get("region"),
        "city": visit.get("city"),
        "latitude": visit.get("latitude"),
        "longitude": visit.get("longitude"),
        "screen_width": width,
        "screen_height": height,
    }
    found: list[Said] = []
    referrer = text_of(visit.get("referrerUrl"))
    place = ""
    for number, action in enumerate(actions):
        event = _event(action)
        if event:
            place = event["path"] = event["path"] or place
            came_by = _campaign(visit, event["path"]) if not found else {}
            content = f"{visit['idVisit']}-{number}"
            found.append(shared | event | came_by | {"content": content, "referrer": referrer if not found else ""})
    return found


def _event(action: Any) -> Said:
    """Return an action as an event; empty for an action without a time."""
    if not isinstance(action, dict) or not action.get("timestamp"):
        return {}
    kind = text_of(action.get("type"))
    name = NAMES.get(kind) or text_of(action.get("eventAction")) or kind
    about = {key: action.get(key) for key in ("eventCategory", "eventName", "eventValue", "goalName", "orderId")}
    if kind in ("download", "outlink"):
        about["url"] = action.get("url")
    return {
        "at": action["timestamp"],
        "name": name,
        "path": "" if kind in ("download", "outlink", "goal", "ecommerceOrder") else text_of(action.get("url")),
        "title": action.get("pageTitle"),
        "revenue": action.get("revenue"),
        "properties": properties_of(about | {"keyword": action.get("siteSearchKeyword")}),
    }


def _campaign(visit: Said, url: str) -> Said:
    """Return the campaign of a visit, from its first page's URL or from the visit itself."""
    asked = dict(parse_qsl(url.partition("#")[0].partition("?")[2])) if "_" in url else {}
    is_campaign = text_of(visit.get("referrerType")) == "campaign"
    found = {}
    for name, (keys, column) in CAMPAIGN.items():
        of_visit = visit.get(column) or (is_campaign and visit.get(OF_A_CAMPAIGN.get(name, "")))
        if value := next((asked[key] for key in keys if asked.get(key)), of_visit):
            found[name] = value
    return found


def _known(value: Any) -> str:
    text = text_of(value)
    return "" if text in ("Unknown", "Generic Desktop") else text
