"""Invented traffic of a shop, written by the warehouse itself: visits of 1 to 30 events, the same for the same seed.

Every visit is a number, and all its random properties are hashes of that number. There are 111,111 events a day. New
devices keep coming, 400,000 in 90 days; one visit in twelve signs in.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from event_lens.warehouse.client import Warehouse

EVENTS_A_DAY = 111_111
EVENTS_A_VISIT = 8.25
VISITS_A_DAY = round(EVENTS_A_DAY / EVENTS_A_VISIT)
ROWS_A_BATCH = 10_000
MERGE_SECONDS = 600
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Devices:
    """The number of devices from which a day's visits come, some far more often than others, and the number of new
    devices per day.
    """

    pool: int = 200_000
    new_a_day: int = 2_222


SHOP = Devices()

# A random number from 0 to 1 for a visit, or for an event of it.
CHANCE = "(sipHash64({of}, '{name}') / 18446744073709551616)"

VISITS = """
    SELECT
        number AS visit,
        {start} + intDiv(number * 86400000, {visits_a_day}) AS started_ms,
        intDiv(started_ms - {epoch}, 86400000) AS day_number,
        day_number * {new_devices} + toUInt64({pool} * pow({c_device}, 1.5)) AS device,
        1 + toUInt32(30 * pow({c_length}, 3)) AS event_count,
        ['', '', '', '', 'https://www.google.com/', 'https://www.google.com/', 'https://t.co/', 'https://example.org/'][
            1 + sipHash64(number, 'referrer') % 8] AS visit_referrer,
        {c_campaign} < 0.1 AS has_campaign,
        {is_login} AS is_login
    FROM numbers({first}, {count})
"""

EVENTS = """
    INSERT INTO lens_raw.events (
        event_id, project_id, name, device_id, device_kind, profile_id, groups, created_at, received_at, path, origin,
        title, referrer, referrer_name, referrer_type, utm_source, utm_medium, utm_campaign, country, city, user_agent,
        os, browser, browser_version, device, language, screen_width, screen_height, revenue, currency, properties,
        body_hash, sdk_name, sdk_version, batch_id, batch_row
    )
    SELECT
        reinterpretAsUUID(sipHash128(visit, place)), {{project:String}},
        multiIf(c < 0.8, 'screen_view', c < 0.9, 'click', c < 0.95, 'add_to_cart', c < 0.96, 'purchase', 'scroll')
            AS name,
        concat('device-', hex(sipHash64(device))), 'client',
        if(({is_known} AND place >= 2) OR is_login, concat('user-', toString(device)), ''),
        if({is_known}, [concat('company-', toString(device % 500))], []),
        fromUnixTimestamp64Milli(at, 'UTC'),
        fromUnixTimestamp64Milli(greatest(at, {received}), 'UTC'),
        if(name = 'screen_view', concat('/products/', toString(toUInt32(2000 * pow({c_path}, 3)))), ''),
        'https://shop.example.com',
        if(name = 'screen_view', 'A product', ''),
        if(place = 0, visit_referrer, 'https://shop.example.com/'),
        if(place > 0, '', transform(visit_referrer,
            ['https://www.google.com/', 'https://t.co/'], ['Google', 'Twitter'], '')),
        if(place > 0, 'internal', transform(visit_referrer,
            ['', 'https://www.google.com/', 'https://t.co/'], ['direct', 'search', 'social'], 'referral')),
        if(place = 0 AND has_campaign, 'news', ''), if(place = 0 AND has_campaign, 'email', ''),
        if(place = 0 AND has_campaign, concat('week-', toString(intDiv(day_number, 7))), ''),
        ['DE', 'US', 'KR', 'FR', 'IN', 'BR'][1 + sipHash64(device, 'country') % 6],
        concat('City ', toString(sipHash64(device, 'city') % 300)),
        concat('Mozilla/5.0 (',
            ['Windows NT 10.0; Win64; x64', 'Macintosh; Intel Mac OS X 10_15_7', 'X11; Linux x86_64'][
                1 + sipHash64(device, 'os') % 3],
            ') AppleWebKit/537.36 (KHTML, like Gecko) Chrome/', toString(120 + sipHash64(device, 'version') % 20),
            '.0.0.0 Safari/537.36'),
        ['Windows', 'Mac OS X', 'Linux'][1 + sipHash64(device, 'os') % 3],
        ['Chrome', 'Safari', 'Chrome', 'Firefox', 'Chrome', 'Edge'][1 + sipHash64(device, 'browser') % 6],
        concat(toString(120 + sipHash64(device, 'version') % 20), '.0'), 'desktop', 'en', 1920, 1080,
        if(name = 'purchase', toDecimal64(5 + sipHash64(visit, place, 'price') % 200, 4), 0),
        if(name = 'purchase', 'EUR', ''),
        concat('{{{{"price":', toString(sipHash64(visit, place, 'price') % 200), ',"in_stock":',
            if(c < 0.5, 'true', 'false'), '}}}}'),
        sipHash64(visit, place, 'body'), 'web', '1.0.0',
        concat({{batch:String}}, '-', toString(intDiv(rowNumberInAllBlocks(), {rows_a_batch}))),
        rowNumberInAllBlocks() % {rows_a_batch}
    FROM (
        SELECT *, place, {c_event} AS c,
            started_ms + place * 45000 + sipHash64(visit, place, 'pause') % 30000 - {late} AS at
        FROM ({visits})
        ARRAY JOIN range(event_count) AS place
    )
    {limit}
    SETTINGS max_threads = 1, max_partitions_per_insert_block = 0, insert_deduplicate = 0
"""

BATCHES = """
    INSERT INTO lens_raw.batches (
        batch_id, table_name, landed_at, row_count, first_event_at, last_event_at, first_received_at, last_received_at
    )
    SELECT
        batch_id, 'lens_raw.events', max(received_at), count(),
        min(created_at), max(created_at), min(received_at), max(received_at)
    FROM lens_raw.events
    WHERE project_id = {project:String} AND created_at >= {start:DateTime} - INTERVAL 3 DAY
        AND startsWith(batch_id, {batch:String})
    GROUP BY batch_id
"""


def history(
    warehouse: Warehouse,
    project_id: str,
    days: int,
    *,
    visits_a_day: int = VISITS_A_DAY,
    batch: str = "day",
    devices: Devices = SHOP,
) -> datetime:
    """Land `days` days of traffic, wait until its parts are merged, and return the instant at which it ends.

    Each project of a warehouse needs a `batch` of its own.
    """
    for day in range(days):
        start = EPOCH + timedelta(days=day)
        first = day * visits_a_day
        _land(
            warehouse,
            project_id,
            f"{batch}-{day:05d}",
            start,
            first=first,
            count=visits_a_day,
            visits_a_day=visits_a_day,
            devices=devices,
        )
    for _ in range(MERGE_SECONDS):
        if not warehouse.value("SELECT count() FROM system.merges"):
            break
        time.sleep(1)
    else:
        raise TimeoutError(f"The landed parts were still being merged after {MERGE_SECONDS} seconds.")
    return EPOCH + timedelta(days=days)


def hour(warehouse: Warehouse, project_id: str, start: datetime, *, logins: bool, number: int) -> None:
    """Land one hour of 10,000 events, 5 % of them up to two days late.

    With `logins`, one visit in twelve signs in, often on a device that was seen before, so that earlier days change
    owner. Without `logins`, nobody signs in.
    """
    visits = round(1.3 * 10_000 / EVENTS_A_VISIT)
    day_number = (start - EPOCH).days
    _land(
        warehouse,
        project_id,
        f"hour-{number}",
        start,
        first=10**9 * (1 + number) + day_number,
        count=visits,
        visits_a_day=visits * 24,
        limit=10_000,
        late=True,
        logins=logins,
    )


def _land(
    warehouse: Warehouse,
    project_id: str,
    batch: str,
    start: datetime,
    *,
    first: int,
    count: int,
    visits_a_day: int = VISITS_A_DAY,
    devices: Devices = SHOP,
    limit: int = 0,
    late: bool = False,
    logins: bool = False,
) -> None:
    def chance(name: str, of: str = "number") -> str:
        return CHANCE.format(of=of, name=name)

    start_ms = round(start.timestamp() * 1000)
    visits = VISITS.format(
        start=start_ms - first * 86_400_000 // visits_a_day,
        epoch=round(EPOCH.timestamp() * 1000),
        visits_a_day=visits_a_day,
        new_devices=devices.new_a_day,
        pool=devices.pool,
        first=first,
        count=count,
        c_device=chance("device"),
        c_length=chance("length"),
        c_campaign=chance("campaign"),
        is_login="number % 12 = 0" if logins else "false",
    )
    lateness = f"if({chance('late', 'visit')} < 0.05, toInt64(172800000 * pow({chance('lateness', 'visit')}, 2)), 0)"
    sql = (
        EVENTS.format(
            visits=visits,
            rows_a_batch=ROWS_A_BATCH,
            c_path=chance("path", "visit, place"),
            c_event=chance("name", "visit, place"),
            late=lateness if late else "0",
            received="started_ms + place * 45000" if late else "0",
            is_known="false" if late else "sipHash64(device, 'user') % 12 = 0",
            limit=f"LIMIT {limit}" if limit else "",
        )
        .replace("{{", "{")
        .replace("}}", "}")
    )
    warehouse.command(sql, {"project": project_id, "batch": batch})
    warehouse.command(BATCHES, {"project": project_id, "batch": batch, "start": start.replace(tzinfo=None)})
