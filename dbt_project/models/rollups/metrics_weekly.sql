{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project and week, from Monday, with events

with rows_below as (
    select * from {{ ref('int_metrics_daily') }}
)

select
    project_id,
    toMonday(day) as week,
    {{ merged_metrics() }}
from rows_below
group by project_id, week
