{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project and calendar month, with events

with rows_below as (
    select * from {{ ref('int_metrics_daily') }}
)

select
    project_id,
    toStartOfMonth(day) as month,
    {{ merged_metrics() }}
from rows_below
group by project_id, month
