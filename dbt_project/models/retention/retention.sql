{{ config(
    tags='folded', materialized='table',
    order_by=['project_id', 'retention_id', 'mode', 'period', 'cohort', 'period_number']
) }}
-- grain: one row per definition, mode, kind of period, cohort and period, up to the last period in which somebody came
-- back
--
-- It reads `int_retention_days` and, for the definition of any event after any event, `int_profile_days`; every project
-- has this definition, whose id is ''. A profile that is only a derived device cannot be recognised later and is left
-- out. Days, weeks and months are numbered from 1970, so that they can be subtracted.
{% set longest = {'day': 90, 'week': 53, 'month': 24} %}

with days as (
    select project_id, profile_id, local_day, is_lasting
    from {{ ref('int_profile_days') }}
    where event_count > 0
),

-- Definitions by a number instead of their names, because grouping millions of rows by a number is faster.
definitions as (
    select *, sipHash64(project_id, retention_id) as definition
    from (
        select project_id, retention_id, start_event, return_event
        from {{ source('lens_raw', 'retention_definitions') }} {{ final() }}
        union all
        select distinct project_id, '' as retention_id, '' as start_event, '' as return_event
        from days
    )
),

named as (
    select * from {{ ref('int_retention_days') }}
),

trackable_profiles as (
    select project_id, profile_id from days
    where is_lasting and (project_id, profile_id) in (select project_id, profile_id from named)
),

-- The days on which a profile did the start event, the return event, or both.
activity as (
    select
        definitions.definition as definition,
        days.profile_id as profile_id,
        days.local_day as local_day,
        days.is_lasting as is_lasting,
        definitions.start_event = '' as is_start,
        definitions.return_event = '' as is_return
    from days
    inner join definitions on days.project_id = definitions.project_id
    where is_start or is_return
    union all
    select
        definitions.definition as definition,
        named.profile_id as profile_id,
        named.local_day as local_day,
        (named.project_id, named.profile_id) in (select project_id, profile_id from trackable_profiles) as is_lasting,
        definitions.start_event = named.name as is_start,
        definitions.return_event = named.name as is_return
    from named
    inner join definitions on named.project_id = definitions.project_id
    where is_start or is_return
),

profiles as (
    select
        definition,
        profile_id,
        groupArrayIf(local_day, is_start) as start_days,
        groupArrayIf(local_day, is_return) as return_days
    from activity
    group by definition, profile_id, {{ unguessable('profile_id') }}
    having max(activity.is_lasting) and notEmpty(start_days)
),

periods as (
    select
        definition,
        numbered.1 as kind,
        numbered.2 as most_shown,
        numbered.3 as starts,
        numbered.4 as returns
    from profiles
    array join [
        {%- for period in longest %}
        (
            toUInt8({{ loop.index }}), toInt32({{ longest[period] }}),
            {{ numbered_periods(period, 'start_days') }}, {{ numbered_periods(period, 'return_days') }}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ] as numbered
),

-- A profile is in the cohort of its first start event (mode `first`), and in the cohort of each start (`recurring`).
members as (
    select
        definition,
        kind,
        member.1 as is_first,
        member.2 as cohort_number,
        arrayFilter(number -> number between 1 and member.3, arrayMap(back -> back - cohort_number, returns)) as later,
        greatest(0, least(member.3, arrayMax(returns) - cohort_number)) as last_number
    from periods
    array join arrayConcat(
        [(true, arrayMin(starts), toInt32(65535))],
        arrayMap(start -> (false, start, most_shown), starts)
    ) as member
),

-- For each cohort and later period, how many members came back in it, and for how many it was the last return.
returns_by_period as (
    select
        definition,
        is_first,
        kind,
        cohort_number,
        toInt32(part.1) as period_number,
        sum(part.2) as retained,
        sum(part.3) as last_returns
    from members
    array join arrayConcat([(0, 1, 0), (last_number, 0, 1)], arrayMap(number -> (number, 1, 0), later)) as part
    group by definition, is_first, kind, cohort_number, period_number
),

cohorts as (
    select
        definition,
        is_first,
        kind,
        cohort_number,
        groupArray(period_number) as numbers,
        groupArray(returns_by_period.retained) as retained_in,
        groupArray(returns_by_period.last_returns) as last_in
    from returns_by_period
    group by definition, is_first, kind, cohort_number
),

-- Periods in which nobody came back have a row, too.
counted as (
    select
        definitions.project_id as project_id,
        definitions.retention_id as retention_id,
        if(is_first, 'first', 'recurring') as mode,
        [{% for period in longest %}'{{ period }}'{{ ', ' if not loop.last }}{% endfor %}][kind] as period,
        cohort_number,
        period_number,
        toUInt64(retained_in[indexOf(numbers, period_number)]) as retained,
        last_in[indexOf(numbers, period_number)] as last_returns
    from cohorts
    inner join definitions on cohorts.definition = definitions.definition
    array join range(toUInt32(arrayMax(numbers)) + 1) as period_number
)

select
    project_id,
    retention_id,
    cast(mode as LowCardinality(String)) as mode,
    cast(period as LowCardinality(String)) as period,
    {{ first_day_of_period('period', 'cohort_number') }} as cohort,
    toUInt16(period_number) as period_number,
    maxIf(retained, period_number = 0) over cohorts as cohort_size,
    retained,
    toUInt64(sum(last_returns) over backwards) as retained_on_or_after,
    100 * retained / cohort_size as retention_rate,
    100 * retained_on_or_after / cohort_size as retention_rate_on_or_after
from counted
window
    cohorts as (partition by project_id, retention_id, mode, period, cohort_number),
    backwards as (
        partition by project_id, retention_id, mode, period, cohort_number order by period_number desc
        rows between unbounded preceding and current row
    )
