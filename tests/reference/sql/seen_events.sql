-- grain: one row per event that counts, with its device as sent
select
    * exclude (is_duplicate, is_left_out_bot),
    timezone(timezone, timezone('UTC', created_at)) as local_time,
    local_time::date as local_day,
    created_at - (local_time - date_trunc('hour', local_time)) as hour,
    created_at::date as utc_day,
    name in ('screen_view', 'page_view', 'pageview') as is_screen_view
from received_events
where not is_duplicate and not is_left_out_bot and name not in ('session_start', 'session_end')
