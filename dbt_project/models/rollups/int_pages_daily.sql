{{ config(tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'day', 'path']) }}
-- grain: one row per project, local day and path that was viewed
--
-- Views count on their own day. A session is under 48 hours, so what comes before and after a view lies within a day.

with events as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day', before=1, after=1) }}
        and (is_screen_view or session_id != 0)
),

-- Arrays of a session's events in order cost less than window functions over them.
event_sequences as (
    select
        project_id,
        session_id,
        any(events.device_id) as device_id,
        arraySort(groupArray((position, is_screen_view, path, local_day))) as in_order,
        arrayMap(moved -> toUnixTimestamp64Milli(moved.1), in_order.1) as moments,
        arrayPushBack(arrayPopFront(moments), 0) as next_moments,
        indexOf(in_order.2, true) as first_view,
        {{ is_bounce('countEqual(in_order.2, true)', 'length(in_order)') }} as is_bounce
    from events
    where session_id != 0
    group by project_id, session_id
),

views as (
    select
        event_sequences.project_id as project_id,
        event_sequences.session_id as session_id,
        event.3 as path,
        event_sequences.device_id as device_id,
        event.4 as local_day,
        place = first_view as is_entry,
        is_bounce,
        next_moment != 0 as has_next,
        if(has_next, next_moment - moment, 0) as shown_ms
    from event_sequences
    array join
        in_order as event,
        arrayEnumerate(in_order) as place,
        moments as moment,
        next_moments as next_moment
    where event.2 and {{ in_window('local_day') }}
    union all
    select project_id, session_id, path, device_id, local_day, false, false, false, 0
    from events
    where session_id = 0 and is_screen_view and {{ in_window('local_day') }}
)

select
    project_id,
    local_day as day,
    path,
    count() as views,
    finalizeAggregation(unique_visitors_state) as unique_visitors,
    finalizeAggregation(sessions_state) as sessions,
    toUInt64(countIf(is_entry)) as entries,
    toUInt64(countIf(is_entry and is_bounce)) as bounces,
    toUInt64(intDiv(sum(shown_ms), 1000)) as seconds,
    toUInt64(countIf(has_next)) as timed_views,
    uniqCombined64StateIf(device_id, device_id != '') as unique_visitors_state,
    uniqCombined64StateIf(session_id, session_id != 0) as sessions_state
from views
group by project_id, day, path, {{ unguessable('path') }}
