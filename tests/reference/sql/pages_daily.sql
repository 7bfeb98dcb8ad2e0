-- grain: one row per project, day and path viewed
with followed as (
    select
        *,
        if(
            session_key is null,
            null,
            lead(created_at) over (partition by session_key order by created_at, event_id, event_key)
        ) as next_at
    from events
),

views as (
    select
        followed.*,
        is_bounce,
        row_number() over (partition by session_key order by created_at, event_id, event_key) = 1
        and session_key is not null as is_entry
    from followed
    left join (select session_key, is_bounce from sessions) as of_session using (session_key)
    where is_screen_view
)

select
    project_id,
    local_day as day,
    path,
    count(*) as views,
    count(distinct nullif(device_id, '')) as unique_visitors,
    count(distinct session_key) as sessions,
    count(*) filter (is_entry) as entries,
    count(*) filter (is_entry and is_bounce) as bounces,
    coalesce(sum(epoch_ms(next_at) - epoch_ms(created_at)), 0) / 1000 as seconds,
    count(next_at) as timed_views
from views
group by all
