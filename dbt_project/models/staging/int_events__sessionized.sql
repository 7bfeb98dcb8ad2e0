{{ config(materialized='incremental', partition_by='local_day', order_by=['project_id', 'local_day', 'device_id', 'created_at']) }}
-- grain: one row per event that counts (no duplicate, no bot, no session_start or session_end), with its session
--
-- The profile is as seen; who owns the device is mapped in `events`. The session of an event on local day L is a
-- function of the events and handovers of L - 3 to L (docs/decisions/0003-session-reach.md), so those days are read and
-- only the days built are kept.

with events as (
    select * from {{ ref('stg_events') }}
    where {{ in_raw_window(before=3) }}
),

copies as (
    select project_id, batch_id, batch_row from {{ ref('int_event_copies') }}
    where {{ in_window('day', before=4, after=1) }}
),

handovers as (
    select * from {{ ref('int_device_handovers') }}
    where {{ in_window('utc_day', before=4, after=1) }}
),

counted as (
    select
        events.* except (device_id),
        events.device_id as sent_device_id,
        if(events.created_at <= handovers.last_at, handovers.previous_device_id, events.device_id) as device_id
    from events
    left join handovers
        on events.project_id = handovers.project_id
        and events.device_id = handovers.device_id
        and events.day = handovers.utc_day
    where {{ in_window('local_day', before=3) }}
        and name not in ('session_start', 'session_end')
        and not is_bot
        and (events.project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from copies)
),

-- What came just before on the same device, and the last client session id that was not empty.
lagged as (
    select
        *,
        row_number() over in_order = 1 as is_first,
        lagInFrame(created_at) over in_order as previous_at,
        lagInFrame(local_day) over in_order as previous_day,
        anyLastIf(client_session_id, client_session_id != '') over before as last_client_session_id,
        anyLastIf(local_day, client_session_id != '') over before as last_client_session_day
    from counted
    window
        in_order as (
            partition by project_id, device_id order by created_at, toUInt128(event_id)
            rows between unbounded preceding and current row
        ),
        before as (
            partition by project_id, device_id order by created_at, toUInt128(event_id)
            rows between unbounded preceding and 1 preceding
        )
),

-- Rules (a) a gap of the timeout or more, and (b) another client session id than the last of this or the previous day.
cut as (
    select
        *,
        is_first
        or dateDiff('millisecond', previous_at, created_at) >= session_timeout_seconds * 1000
        or (
            client_session_id != ''
            and last_client_session_id not in ('', client_session_id)
            and last_client_session_day >= local_day - 1
        ) as is_cut
    from lagged
),

-- Rule (c): the first event of a local day, when (a) and (b) cut nothing on the local day before.
started as (
    select
        *,
        is_cut or (previous_day != local_day and last_cut_day != local_day - 1) as is_session_start
    from (
        select
            *,
            maxIf(local_day, is_cut) over (
                partition by project_id, device_id order by created_at, toUInt128(event_id)
                rows between unbounded preceding and 1 preceding
            ) as last_cut_day
        from cut
    )
),

sessionized as (
    select
        *,
        anyLastIf(created_at, is_session_start) over in_order as session_started_at,
        anyLastIf(local_day, is_session_start) over in_order as session_started_day
    from started
    window in_order as (
        partition by project_id, device_id order by created_at, toUInt128(event_id)
        rows between unbounded preceding and current row
    )
)

select
    project_id,
    local_day,
    hour,
    event_id,
    name,
    device_id,
    sent_device_id,
    device_kind,
    if(device_id = '', 0, sipHash64(project_id, device_id, toUnixTimestamp64Milli(session_started_at))) as session_id,
    if(device_id = '', toDate(0), session_started_day) as session_day,
    device_id != '' and is_session_start as is_session_start,
    profile_id, client_session_id, groups, created_at, received_at,
    path, origin, query, hash, title, referrer, referrer_name, referrer_type,
    utm_source, utm_medium, utm_campaign, utm_term, utm_content, click_id,
    country, region, city, latitude, longitude,
    user_agent, os, os_version, browser, browser_version, device, brand, model, language, screen_width, screen_height,
    revenue, currency, properties, sdk_name, sdk_version, import_id
from sessionized
where {{ in_window('local_day') }}
