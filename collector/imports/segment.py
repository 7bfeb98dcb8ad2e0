"""Source `segment`: calls of Segment's and RudderStack's libraries, in the form of their object stores (one JSON object
per line).
"""

from collections.abc import Iterator
from pathlib import Path

from collector.imports.event_frame import Chunk
from collector.imports.record_events import Said, object_of, properties_of, read_events, text_of
from collector.imports.sources import Options
from collector.imports.traits import alias, assign_group, group, identify

ABOUT_PEOPLE = ("identify", "alias", "group")


def read(path: Path, options: Options) -> Iterator[Chunk]:
    """Yield the events of a file: `page` and `screen` are views, `track` an event, the other calls are about people and
    groups. A call with both ids links the device to the person.
    """
    return read_events(path, event_of)


def event_of(call: Said) -> list[Said] | str:
    kind = text_of(call.get("type"))
    if kind not in ("page", "screen", "track", *ABOUT_PEOPLE) or not call.get("messageId"):
        return "no call"
    context, properties = object_of(call.get("context")), object_of(call.get("properties"))
    if kind in ABOUT_PEOPLE:
        return _calls(kind, call, context)
    page, campaign = object_of(context.get("page")), object_of(context.get("campaign"))
    screen, device = object_of(context.get("screen")), object_of(context.get("device"))
    system = object_of(context.get("os"))
    own = {key: value for key, value in properties.items() if key not in ("url", "path", "referrer", "title", "search")}
    name = text_of(call.get("event")) if kind == "track" else "screen_view"
    where = properties.get("url") or page.get("url") or properties.get("path") or page.get("path")
    return [
        {
            **_sender(call, context),
            "content": call["messageId"],
            "name": name,
            "profile_id": call.get("userId"),
            "client_session_id": context.get("sessionId"),
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


def _sender(call: Said, context: Said) -> Said:
    return {
        "at": call.get("timestamp") or call.get("originalTimestamp") or call.get("receivedAt"),
        "device_id": call.get("anonymousId"),
        "address": context.get("ip") or call.get("request_ip"),
        "user_agent": context.get("userAgent"),
    }


def _calls(kind: str, call: Said, context: Said) -> list[Said] | str:
    user, sender = text_of(call.get("userId")), _sender(call, context)
    content = text_of(call["messageId"])
    traits = object_of(call.get("traits")) or object_of(context.get("traits"))
    if kind == "group":
        made = group(call.get("groupId"), traits.get("type"), traits, content=f"{content}\0group", **sender)
        return [made, *([assign_group(user, call.get("groupId"), content=content, **sender)] if user else [])]
    if not user:
        return f"{kind} without a user"
    if kind == "alias":
        return [alias(user, call.get("previousId"), content=content, **sender)]
    return [identify(user, traits, content=content, **sender)]
