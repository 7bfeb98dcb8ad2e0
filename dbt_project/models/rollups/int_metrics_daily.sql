{{ config(tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'day']) }}
-- grain: one row per project and local day with events
--
-- It adds up `int_metrics_hourly`. It also has the states of its distinct counts, which `metrics_daily` leaves out;
-- weeks and months are merged from them.

with rows_below as (
    select * from {{ ref('int_metrics_hourly') }}
    where {{ in_window('day') }}
)

select
    project_id,
    day,
    {{ merged_metrics() }},
    sum(rows_below.viewed_sessions) as viewed_sessions,
    arraySlice({{ distinct_texts_in('rows_below.left_out_currencies') }}, 1, 10) as left_out_currencies,
    uniqExactMergeState(rows_below.unique_visitors_state) as unique_visitors_state,
    uniqExactMergeState(rows_below.people_state) as people_state
from rows_below
group by project_id, day
