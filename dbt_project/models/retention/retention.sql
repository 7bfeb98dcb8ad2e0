{{ config(materialized='table', order_by=['project_id', 'period', 'cohort', 'period_number']) }}
-- grain: one row per project, kind of period, cohort and period in which somebody of the cohort came back
--
-- A profile's cohort is the period it was first active in; it is retained in every period in which it was active
-- again. A profile that is only a derived device cannot be met again and is left out.

with activity as (
    select project_id, profile_id, local_day
    from {{ ref('int_profile_days') }}
    where is_lasting and event_count > 0
),

periods as (
    select project_id, profile_id, 'day' as period, groupUniqArray(local_day) as actives
    from activity
    group by project_id, profile_id
    union all
    select project_id, profile_id, 'week' as period, groupUniqArray(toMonday(local_day)) as actives
    from activity
    group by project_id, profile_id
    union all
    select project_id, profile_id, 'month' as period, groupUniqArray(toStartOfMonth(local_day)) as actives
    from activity
    group by project_id, profile_id
),

returns as (
    select
        project_id,
        period,
        arrayMin(actives) as cohort,
        arrayJoin(actives) as active,
        multiIf(
            period = 'day', dateDiff('day', cohort, active),
            period = 'week', intDiv(dateDiff('day', cohort, active), 7),
            dateDiff('month', cohort, active)
        ) as period_number
    from periods
),

counted as (
    select
        project_id,
        period,
        cohort,
        period_number,
        count() as retained
    from returns
    group by project_id, period, cohort, period_number
)

select
    project_id,
    cast(period as LowCardinality(String)) as period,
    cohort,
    toUInt16(period_number) as period_number,
    maxIf(retained, period_number = 0) over (partition by project_id, period, cohort) as cohort_size,
    retained,
    100 * retained / cohort_size as retention_rate
from counted
