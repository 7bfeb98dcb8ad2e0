{{ config(partition_by='day', order_by=['project_id', 'day', 'path']) }}
-- grain: one row per project, local day and path that was viewed
--
-- Views count on their own day. A session is under 48 hours, so what comes before and after a view lies within a day.

with events as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day', before=1, after=1) }}
        and (is_screen_view or session_id != 0)
),

sessions as (
    select * from {{ ref('sessions') }}
    where {{ in_window('day', before=1) }}
),

lagged as (
    select
        *,
        session_id != 0 and leadInFrame(1) over following as has_next,
        leadInFrame(created_at) over following as next_at,
        session_id != 0 and is_screen_view and sum(is_screen_view) over so_far = 1 as is_entry
    from events
    window
        following as (
            partition by project_id, session_id order by position rows between current row and 1 following
        ),
        so_far as (
            partition by project_id, session_id order by position rows between unbounded preceding and current row
        )
),

views as (
    select
        lagged.*,
        sessions.is_bounce as is_bounce
    from lagged
    left join sessions on lagged.project_id = sessions.project_id and lagged.session_id = sessions.session_id
    where is_screen_view and {{ in_window('local_day') }}
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
    toUInt64(intDiv(sumIf(dateDiff('millisecond', created_at, next_at), has_next), 1000)) as seconds,
    toUInt64(countIf(has_next)) as timed_views,
    uniqCombined64StateIf(device_id, device_id != '') as unique_visitors_state,
    uniqCombined64StateIf(session_id, session_id != 0) as sessions_state
from views
group by project_id, day, path
