{{ config(tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'day', 'name']) }}
-- grain: one row per project, local day and event name
--
-- It reads `int_events__valued`. It also has the state of its distinct count, which `event_names_daily` leaves out, so
-- that the API can merge days.

with events as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day') }}
)

select
    project_id,
    local_day as day,
    name,
    count() as events,
    uniqExactIf(device_id, device_id != '') as unique_visitors,
    sum(events.revenue) as revenue,
    uniqCombined64StateIf(device_id, device_id != '') as unique_visitors_state
from events
group by project_id, day, name, {{ unguessable('name') }}
