"""Source `plausible`: rows of the table `events_v2` of Plausible's community edition, as CSV, JSON or Parquet.

    SELECT * FROM plausible_events_db.events_v2 INTO OUTFILE 'events.csv' FORMAT CSVWithNames

The zip that Plausible's page exports holds daily sums and not events: use it with `eventlens import compare`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector.imports.event_frame import Chunk
from collector.imports.log_clf import unescape
from collector.imports.record_events import Said, properties_of, read_events, text_of
from collector.imports.sources import Options
from event_lens.errors import Refused

DEVICES = {"laptop": "desktop", "ultra-wide": "desktop"}
TEXT = r"'((?:[^'\\]|\\.)*)'"
TEXTS = re.compile(TEXT, re.DOTALL)
LIST = re.compile(rf"\[(?:{TEXT}(?:,{TEXT})*)?\]", re.DOTALL)
SUMS = ("imported_", "visitors.csv", "pages.csv", "sources.csv")


def read(path: Path, options: Options) -> Iterator[Chunk]:
    """Yield the events of a file. Plausible's user id changes every day, and so do visitors here. Raises `Refused`
    (`import_has_sums`).
    """
    if path.name.startswith(SUMS):
        raise Refused(
            f"{path} holds sums of days and not events, so visits cannot be made from it. Export the table events_v2 "
            "(docs/imports.md), or hold the sums against ours with `eventlens import compare`.",
            code="import_has_sums",
        )
    return read_events(path, event_of)


def event_of(row: Said) -> list[Said] | str:
    if not row.get("timestamp") or not row.get("name"):
        return "no event"
    if row["name"] == "engagement":
        return "engagement"
    device = text_of(row.get("screen_size")).lower()
    host = text_of(row.get("hostname"))
    referrer = text_of(row.get("referrer"))
    if referrer and "://" not in referrer:
        referrer = f"https://{referrer}"
    meta = dict(zip(_list(row.get("meta.key")), _list(row.get("meta.value")), strict=False))
    return [
        {
            "content": "\0".join(
                text_of(row.get(key)) for key in ("timestamp", "user_id", "session_id", "name", "hostname", "pathname")
            ),
            "at": row["timestamp"],
            "name": "screen_view" if row["name"] == "pageview" else row["name"],
            "device_id": row.get("user_id"),
            "client_session_id": row.get("session_id"),
            "path": f"{'https://' + host if host else ''}{text_of(row.get('pathname'))}",
            "referrer": referrer,
            "browser": row.get("browser"),
            "browser_version": row.get("browser_version"),
            "os": row.get("operating_system"),
            "os_version": row.get("operating_system_version"),
            "device": DEVICES.get(device, device),
            "country": text_of(row.get("country_code")).strip("\0"),
            "region": row.get("subdivision1_code"),
            "revenue": row.get("revenue_source_amount"),
            "currency": text_of(row.get("revenue_source_currency")).strip("\0"),
            "properties": properties_of(meta),
        }
        | {key: row.get(key) for key in ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")}
    ]


def _list(value: Any) -> list[str]:
    """Return the texts in a list, or in ClickHouse's text of a list (`['a','b']`); empty for anything else."""
    if isinstance(value, str):
        return [unescape(text) for text in TEXTS.findall(value)] if LIST.fullmatch(value) else []
    return [text_of(each) for each in value] if isinstance(value, list) else []
