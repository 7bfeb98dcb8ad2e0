-- grain: one row per definition, mode, kind of period, cohort and period number
with definitions as (
    select project_id, retention_id, start_event, return_event from raw.retention_definitions
    union all
    select project_id, '', '', '' from settings
),

days as (
    select distinct project_id, profile_id, name, local_day
    from events
    where profile_id <> '' and not (device_kind = 'derived' and not is_identified)
),

done as (
    select distinct
        project_id,
        retention_id,
        profile_id,
        local_day,
        start_event in ('', name) as is_start,
        return_event in ('', name) as is_return
    from definitions
    inner join days using (project_id)
),

dated as (
    select
        *,
        case period
            when 'day' then local_day
            else date_trunc(period, local_day)::date
        end as first_day,
        case period
            when 'day' then local_day - date '1970-01-01'
            when 'week' then (date_trunc('week', local_day)::date - date '1970-01-05') // 7
            else year(local_day) * 12 + month(local_day)
        end as number
    from done
    cross join (values ('day', 90), ('week', 53), ('month', 24)) as periods (period, longest_recurring)
),

starts as (
    select distinct project_id, retention_id, profile_id, period, longest_recurring, first_day, number
    from dated
    where is_start
),

members as (
    select *, 'recurring' as mode from starts
    union all
    (
        select *, 'first'
        from starts
        qualify row_number() over (partition by project_id, retention_id, profile_id, period order by number) = 1
    )
),

returned as (
    select distinct project_id, retention_id, profile_id, period, number as return_number from dated where is_return
),

returns as (
    select members.*, return_number - number as period_number
    from members
    inner join returned using (project_id, retention_id, profile_id, period)
    where return_number > number
),

sizes as (
    select
        project_id, retention_id, mode, period, first_day, longest_recurring,
        count(*) as cohort_size
    from members
    group by all
),

last_returns as (
    select
        project_id, retention_id, mode, period, first_day, profile_id,
        max(period_number) as last_number
    from returns
    group by all
),

lengths as (
    select project_id, retention_id, mode, period, first_day, max(last_number) as last_number
    from last_returns
    group by all
),

numbered as (
    select
        sizes.*,
        unnest(range(
            if(mode = 'recurring', least(coalesce(last_number, 0), longest_recurring), coalesce(last_number, 0))::bigint + 1
        )) as period_number
    from sizes
    left join lengths using (project_id, retention_id, mode, period, first_day)
),

retained_on as (
    select
        project_id, retention_id, mode, period, first_day, period_number,
        count(*) as retained
    from returns
    group by all
),

retained_after as (
    select
        numbered.project_id, numbered.retention_id, numbered.mode, numbered.period, numbered.first_day,
        numbered.period_number,
        count(*) as retained_on_or_after
    from numbered
    inner join last_returns
        on last_returns.project_id = numbered.project_id
        and last_returns.retention_id = numbered.retention_id
        and last_returns.mode = numbered.mode
        and last_returns.period = numbered.period
        and last_returns.first_day = numbered.first_day
        and last_returns.last_number >= numbered.period_number
    group by all
)

select
    project_id,
    retention_id,
    mode,
    period,
    first_day as cohort,
    period_number,
    cohort_size,
    if(period_number = 0, cohort_size, coalesce(retained, 0)) as retained,
    if(period_number = 0, cohort_size, coalesce(retained_on_or_after, 0)) as retained_on_or_after,
    100.0 * if(period_number = 0, cohort_size, coalesce(retained, 0)) / cohort_size as retention_rate,
    100.0 * if(period_number = 0, cohort_size, coalesce(retained_on_or_after, 0)) / cohort_size
        as retention_rate_on_or_after
from numbered
left join retained_on using (project_id, retention_id, mode, period, first_day, period_number)
left join retained_after using (project_id, retention_id, mode, period, first_day, period_number)
