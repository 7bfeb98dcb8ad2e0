{{ config(tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'day', 'path']) }}
-- grain: one row per project, local day and path on which sessions of that day began
--
-- It reads `sessions`. It also has the state of its distinct count, which `entry_pages_daily` leaves out, so that the
-- API can merge days.

with sessions as (
    select * from {{ ref('sessions') }}
    where {{ in_window('day') }} and screen_view_count > 0
)

select
    project_id,
    day,
    entry_path as path,
    count() as sessions,
    uniqExact(device_id) as unique_visitors,
    toUInt64(countIf(is_bounce)) as bounces,
    sum(sessions.duration_seconds) as duration_seconds,
    uniqCombined64State(device_id) as unique_visitors_state
from sessions
group by project_id, day, path, {{ unguessable('path') }}
