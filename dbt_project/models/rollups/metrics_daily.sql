{{ config(tags='daily', partition_by='day', order_by=['project_id', 'day']) }}
-- grain: one row per project and local day with events

with rows_below as (
    select * from {{ ref('metrics_hourly') }}
    where {{ in_window('day') }}
)

select
    project_id,
    day,
    {{ merged_metrics() }}
from rows_below
group by project_id, day
