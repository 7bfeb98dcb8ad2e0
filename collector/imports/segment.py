"""Source `segment`: calls of Segment's and RudderStack's libraries, as they lie in object stores (JSON a line)."""

from collections.abc import Iterator
from pathlib import Path

from collector.imports.event_frame import Chunk
from collector.imports.record_events import Said, object_of, properties_of, read_events, text_of
from collector.imports.sources import Options

NOT_EVENTS = ("identify", "alias", "group")


def read(path: Path, options: Options) -> Iterator[Chunk]:
    """`page` and `screen` are views, `track` an event. A call with both ids links the device to the person."""
    return read_events(path, event_of)


def event_of(call: Said) -> list[Said] | str:
    kind = text_of(call.get("type"))
    if kind in NOT_EVENTS:
        return f"{kind} (not an event)"
    if kind not in ("page", "screen", "track") or not call.get("messageId"):
        return "no call"
    context, properties = object_of(call.get("context")), object_of(call.get("properties"))
    page, campaign = object_of(context.get("page")), object_of(context.get("campaign"))
    screen, device = object_of(context.get("screen")), object_of(context.get("device"))
    system = object_of(context.get("os"))
    own = {key: value for key, value in properties.items() if key not in ("url", "path", "referrer", "title", "search")}
    name = text_of(call.get("event")) if kind == "track" else "screen_view"
    where = properties.get("url") or page.get("url") or properties.get("path") or page.get("path")
    return [
        {
            "content": call["messageId"],
            "at": call.get("timestamp") or call.get("originalTimestamp") or call.get("receivedAt"),
            "name": name,
            "device_id": call.get("anonymousId"),
            "profile_id": call.get("userId"),
            "client_session_id": context.get("sessionId"),
            "address": context.get("ip") or call.get("request_ip"),
            "user_agent": context.get("userAgent"),
            "path": where if kind != "screen" else call.get("name") or call.get("event"),
            "referrer": properties.get("referrer") or page.get("referrer"),
            "title": properties.get("title") or page.get("title"),
            "language": context.get("locale"),
            "utm_source": campaign.get("source"),
            "utm_medium": campaign.get("medium"),
            "utm_campaign": campaign.get("name"),
            "utm_term": campaign.get("term"),
            "utm_content": campaign.get("content"),
            "os": system.get("name") if not context.get("userAgent") else "",
            "os_version": system.get("version") if not context.get("userAgent") else "",
            "brand": device.get("manufacturer"),
            "model": device.get("model"),
            "screen_width": screen.get("width"),
            "screen_height": screen.get("height"),
            "revenue": properties.get("revenue") if kind == "track" else None,
            "currency": properties.get("currency") if kind == "track" else None,
            "properties": properties_of(own),
        }
    ]
