{{ config(tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'day', 'path']) }}
-- grain: one row per project, local day and path that was viewed
--
-- It reads `int_events__valued`. A view counts on its own day. A session ends on the day after its first one at the
-- latest, so the events before and after a view are at most a day away. A page has few visitors a day, so the API counts
-- their hashes: that takes half the time of merging states of distinct counts. The sessions of several days are the sum of
-- `sessions`, less `continued_sessions` of all days but the first.

with events as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day', before=1, after=1) }}
        and (is_screen_view or session_id != 0)
),

-- Each session with its events in order. Arrays cost less than window functions over the events.
event_sequences as (
    select
        project_id,
        session_id,
        any(events.device_id) as device_id,
        arraySort(groupArray((position, is_screen_view, path, local_day))) as in_order,
        arrayMap(moved -> toUnixTimestamp64Milli(moved.1), in_order.1) as moments,
        arrayPushBack(arrayPopFront(moments), 0) as next_moments,
        indexOf(in_order.2, true) as first_view,
        arrayEnumerateUniq(in_order.2, in_order.3) as views_of_path,
        arrayEnumerateUniq(in_order.2, in_order.3, in_order.4) as views_of_path_and_day,
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
        view_of_path_and_day = 1 as is_session,
        is_session and view_of_path > 1 as is_continued,
        is_bounce,
        next_moment != 0 as has_next,
        if(has_next, next_moment - moment, 0) as shown_ms
    from event_sequences
    array join
        in_order as event,
        arrayEnumerate(in_order) as place,
        moments as moment,
        next_moments as next_moment,
        views_of_path as view_of_path,
        views_of_path_and_day as view_of_path_and_day
    where event.2 and {{ in_window('local_day') }}
    union all
    select project_id, session_id, path, device_id, local_day, false, false, false, false, false, 0
    from events
    where session_id = 0 and is_screen_view and {{ in_window('local_day') }}
),

counted as (
    select
        project_id,
        local_day as day,
        path,
        count() as views,
        groupUniqArrayIf(sipHash64(device_id), device_id != '') as all_visitors,
        toUInt64(countIf(is_session)) as sessions,
        toUInt64(countIf(is_continued)) as continued_sessions,
        toUInt64(countIf(is_entry)) as entries,
        toUInt64(countIf(is_entry and is_bounce)) as bounces,
        toUInt64(intDiv(sum(shown_ms), 1000)) as seconds,
        toUInt64(countIf(has_next)) as timed_views
    from views
    group by project_id, day, path, {{ unguessable('path') }}
)

select
    project_id,
    day,
    path,
    views,
    length(all_visitors) as unique_visitors,
    sessions,
    continued_sessions,
    entries,
    bounces,
    seconds,
    timed_views,
    -- Of more visitors one of 2, 4, 8, ... is kept, by the last bits of the hash, so that a row stays under 2 MB.
    toUInt8(greatest(0, ceil(log2(unique_visitors / {{ most_visitors_kept() }})))) as halvings,
    if(halvings = 0, all_visitors, {{ sampled('all_visitors', 'halvings') }}) as visitors
from counted
