{{ config(tags='daily', materialized='view') }}
-- grain: one row per project and week, from Monday, with events

with daily_rows as (
    select * from {{ ref('metrics_daily') }}
)

select
    project_id,
    toMonday(day) as week,
    {{ merged_metrics() }}
from daily_rows
group by project_id, week
