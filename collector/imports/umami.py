"""Source `umami`: rows of Umami's table `website_event`, exported by its cloud or dumped from a database."""

from collections.abc import Iterator
from pathlib import Path

from collector.imports.event_frame import Chunk
from collector.imports.record_events import Said, properties_of, read_events, sides_of, text_of
from collector.imports.sources import Options

BROWSERS = {
    "chrome": "Chrome", "crios": "Chrome Mobile iOS", "chromium-webview": "Chrome Mobile WebView", "safari": "Safari",
    "ios": "Mobile Safari", "ios-webview": "Mobile Safari UI/WKWebView", "firefox": "Firefox", "fxios": "Firefox iOS",
    "edge-chromium": "Edge", "edge-ios": "Edge Mobile", "opera": "Opera",
    "samsung": "Samsung Internet", "yandexbrowser": "Yandex Browser",
    "facebook": "Facebook", "instagram": "Instagram", "brave": "Brave", "silk": "Amazon Silk",
}  # fmt: skip
DEVICES = {"laptop": "desktop"}
CLICK_IDS = ("gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")


def read(path: Path, options: Options) -> Iterator[Chunk]:
    """Yield the events of a file. Umami's sessions are visitors here, its visits client sessions."""
    return read_events(path, event_of)


def event_of(row: Said) -> list[Said] | str:
    if not row.get("event_id") or not row.get("created_at"):
        return "no event"
    width, height = sides_of(row.get("screen"))
    is_view = text_of(row.get("event_type")) in ("", "1") and not row.get("event_name")
    device = text_of(row.get("device"))
    browser = text_of(row.get("browser"))
    query = "&".join(
        (*filter(None, (text_of(row.get("url_query")),)), *(f"{key}={row[key]}" for key in CLICK_IDS if row.get(key)))
    )
    host = text_of(row.get("hostname"))
    path = text_of(row.get("url_path"))
    referrer = text_of(row.get("referrer_domain"))
    if referrer:
        tail = text_of(row.get("referrer_query"))
        referrer = f"https://{referrer}{text_of(row.get('referrer_path'))}{'?' + tail if tail else ''}"
    return [
        {
            "content": row["event_id"],
            "at": row["created_at"],
            "name": "screen_view" if is_view else row.get("event_name") or "event",
            "device_id": row.get("session_id"),
            "client_session_id": row.get("visit_id"),
            "profile_id": row.get("distinct_id"),
            "path": f"{'https://' + host if host else ''}{path}{'?' + query if query else ''}",
            "referrer": referrer,
            "title": row.get("page_title"),
            "browser": BROWSERS.get(browser, browser),
            "os": row.get("os"),
            "device": DEVICES.get(device, device),
            "language": row.get("language"),
            "country": row.get("country"),
            "region": row.get("region") or row.get("subdivision1"),
            "city": row.get("city"),
            "screen_width": width,
            "screen_height": height,
            "properties": properties_of({"tag": row.get("tag")}),
        }
        | {key: row.get(key) for key in ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")}
    ]
