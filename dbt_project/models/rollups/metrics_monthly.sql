{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project and calendar month with events
--
-- A view that merges the days of `int_metrics_daily`: distinct counts of days cannot be added up.

with rows_below as (
    select * from {{ ref('int_metrics_daily') }}
)

select
    project_id,
    toStartOfMonth(day) as month,
    {{ merged_metrics() }}
from rows_below
group by project_id, month
