{{ config(
    tags='daily', partition_by='toYYYYMM(day)', order_by=['project_id', 'funnel_id', 'day', 'breakdown_value', 'step'],
    meta={'reach_before': 'funnels'}
) }}
-- grain: one row per funnel, local day of entry, breakdown value and step
--
-- It reads `int_funnel_days`. An attempt begins at an event of the first step (in any order: of any step) and belongs
-- to the day of that event. An entity (device, profile or session) counts once per day, with its deepest attempt, the
-- earliest of equally deep ones. An attempt can end as long after its first event as the funnel's window, so the days
-- before a touched day are built, too.
{% set fields = funnel_fields() %}
{% set shape = funnel_shape(fields) %}

with funnels as (
    {{ funnel_definitions(fields) }}
),

{{ funnel_attempts(shape) }},

stepped as (
    select
        attempts.project_id as project_id,
        attempts.funnel_id as funnel_id,
        attempts.day as day,
        attempts.breakdown_value as breakdown_value,
        step,
        if(funnels.step_order = 'any', '', step_names[step]) as step_name,
        length(attempts.reached) >= step as is_reached,
        if(step > 1 and is_reached, attempts.reached[step] - attempts.reached[step - 1], null) as from_previous_ms,
        if(step > 1 and is_reached, attempts.reached[step] - attempts.reached[1], null) as from_start_ms
    from attempts
    inner join funnels on attempts.project_id = funnels.project_id and attempts.funnel_id = funnels.funnel_id
    array join arrayEnumerate(step_names) as step
),

counted as (
    select
        project_id,
        funnel_id,
        day,
        breakdown_value,
        step,
        any(stepped.step_name) as step_name,
        count() as entered,
        toUInt64(countIf(is_reached)) as reached,
        quantileExactInclusive(0.5)(from_previous_ms) / 1000 as from_previous,
        quantilesExactInclusive(0.25, 0.5, 0.75, 0.9)(from_start_ms) as from_start
    from stepped
    group by project_id, funnel_id, day, breakdown_value, step, {{ unguessable('breakdown_value') }}
)

select
    project_id,
    funnel_id,
    day,
    breakdown_value,
    toUInt8(step) as step,
    step_name,
    entered,
    reached,
    if(step = 1 or reached = 0, null, from_previous) as median_seconds_from_previous,
    if(step = 1 or reached = 0, null, from_start[1] / 1000) as p25_seconds_from_start,
    if(step = 1 or reached = 0, null, from_start[2] / 1000) as median_seconds_from_start,
    if(step = 1 or reached = 0, null, from_start[3] / 1000) as p75_seconds_from_start,
    if(step = 1 or reached = 0, null, from_start[4] / 1000) as p90_seconds_from_start
from counted
