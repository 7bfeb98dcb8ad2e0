{{ config(tags='daily', schema='lens_staging', partition_by='local_day', order_by=['project_id', 'group_id']) }}
-- grain: one row per group and local day with events that name it
--
-- It reads the events of the days to build. `groups`, which covers all days, adds up these rows instead of reading
-- events.

with named as (
    select
        project_id,
        local_day,
        arrayJoin(groups) as group_id,
        created_at,
        revenue
    from {{ ref('int_events__valued') }}
    where {{ in_window('local_day') }}
)

select
    project_id,
    local_day,
    group_id,
    min(created_at) as first_at,
    max(created_at) as last_at,
    count() as event_count,
    sum(named.revenue) as revenue
from named
where group_id != ''
group by project_id, local_day, group_id, {{ unguessable('group_id') }}
