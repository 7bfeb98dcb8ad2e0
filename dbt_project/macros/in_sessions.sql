{#- SQL: the rest of a statement that has the CTEs `events` (raw events with their local days and settings), `copies` (the
    rows that are duplicates) and `handovers` (`int_device_handovers`).

    It gives one row per event that counts, with its device and its session. It reads the events that meet `read`, since a
    session depends on the days before, and returns those that meet `kept`. -#}
{% macro in_sessions(read, kept) -%}
-- The events that count: no duplicate, no bot, no session_start or session_end. After a handover, events up to its end
-- belong to the previous device.
counted as (
    select
        events.* except (device_id),
        sipHash64(batch_id) as batch,
        events.device_id as sent_device_id,
        if(events.created_at <= handovers.last_at, handovers.previous_device_id, events.device_id) as device_id
    from events
    left join handovers
        on events.project_id = handovers.project_id
        and events.device_id = handovers.device_id
        and events.day = handovers.utc_day
    where {{ read }}
        and name not in ('session_start', 'session_end')
        and not is_bot
        and (events.project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from copies)
),

-- Each device with its events in order. The arrays have, for each event, its client session id (`named`), and the last one
-- that was not empty with its day. Arrays cost a quarter of what window functions over the events do.
devices as (
    select
        project_id,
        device_id,
        any(session_timeout_seconds) * 1000 as timeout_ms,
        arraySort(groupArray(
            (toUnixTimestamp64Milli(created_at), toUInt128(event_id), received_at, local_day, client_session_id, batch, batch_row)
        )) as in_order,
        in_order.1 as moments,
        in_order.4 as days,
        in_order.5 as named,
        arrayFill(name -> name != '', named) as last_named,
        arrayFill((day, name) -> name != '', days, named) as last_named_days
    from counted
    where device_id != ''
    group by project_id, device_id, {{ unguessable('device_id') }}
),

-- The events before which rules (a) and (b) cut: (a) after a gap of the timeout or more, (b) at a client session id that
-- differs from the last one of this or the previous day.
cut as (
    select
        *,
        arrayMap((gap, place) -> place = 1 or gap >= timeout_ms, arrayDifference(moments), arrayEnumerate(moments)) as after_pauses,
        arrayMap(
            (is_after_pause, name, last_name, last_day, day) -> is_after_pause
                or (name != '' and last_name not in ('', name) and last_day >= day - 1),
            after_pauses, named, {{ previous_of('last_named', "''") }},
            {{ previous_of('last_named_days', 'toDate(0)') }}, days
        ) as are_cut,
        arrayFill((day, is_cut) -> is_cut, days, are_cut) as last_cut_days
    from devices
),

-- The starts of sessions: the cuts, and by rule (c) the first event of a local day if (a) and (b) cut nothing on the local
-- day before.
started as (
    select
        *,
        arrayMap(
            (is_cut, day, previous_day, last_cut_day) -> is_cut or (day != previous_day and last_cut_day != day - 1),
            are_cut, days, {{ previous_of('days', 'toDate(0)') }}, {{ previous_of('last_cut_days', 'toDate(0)') }}
        ) as are_starts,
        arrayFill((moment, is_start) -> is_start, moments, are_starts) as starts,
        arrayFill((day, is_start) -> is_start, days, are_starts) as start_days,
        -- Starts at one instant are one session.
        arrayMap((start, previous) -> start != previous, starts, {{ previous_of('starts', '-1') }}) as are_first,
        arrayFill((is_after_pause, is_first) -> is_first, after_pauses, are_first) as begin_after_pauses
    from cut
),

-- One row per event again, with the session that it is in.
placed as (
    select
        batch,
        batch_row,
        -- The collector foresees the first kind of id (collector/enrichment/session_id.py). Two pauses of the timeout do not
        -- end in one stretch of it, but other sessions can begin in a stretch with another one.
        if(
            begins_after_pause,
            halfMD5(concat(project_id, '\0', device_id, '\0', toString(intDiv(start, timeout_ms)))),
            sipHash64(project_id, device_id, start)
        ) as session_id,
        start_day as session_day,
        is_first
    from started
    array join
        in_order.6 as batch,
        in_order.7 as batch_row,
        starts as start,
        start_days as start_day,
        are_first as is_first,
        begin_after_pauses as begins_after_pause
)

select
    counted.project_id as project_id,
    counted.local_day as local_day,
    counted.hour as hour,
    counted.event_id as event_id,
    counted.device_id as device_id,
    counted.sent_device_id as sent_device_id,
    counted.device_kind as device_kind,
    counted.profile_id as profile_id,
    counted.created_at as created_at,
    counted.received_at as received_at,
    placed.session_id as session_id,
    placed.session_day as session_day,
    placed.is_first as is_session_start,
    counted.batch_id as batch_id,
    counted.batch_row as batch_row
from counted
left join placed on counted.batch = placed.batch and counted.batch_row = placed.batch_row
where {{ kept }}
{%- endmacro %}
