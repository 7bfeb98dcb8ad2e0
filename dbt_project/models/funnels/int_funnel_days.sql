{{ config(
    tags='daily', schema='lens_staging', partition_by='local_day', order_by=['project_id', 'funnel_id', 'entity'],
    query_settings=judged_in_small_blocks()
) }}
-- grain: one row per funnel, entity (device, profile or session) and local day on which it did a step (strict:
-- anything)
--
-- It reads the events of the days to build and the definitions of funnels. `moments` are the instants at which the
-- entity did a step, in milliseconds, in order. For each instant, `masks` has a number for every event, in order of
-- event_id and receipt, with a bit for each step that the event fits; `breakdown_values` has a value for each of these
-- events. For a strict funnel, instants without a step are in the row, too, because they interrupt an attempt.
--
-- The filters are evaluated here, once per day, so `funnels_daily` can read many days of a window without evaluating
-- them again.
{% set fields = funnel_fields() %}
{% set shape = funnel_shape(fields) %}

with funnels as (
    {{ funnel_definitions(fields) }}
),

-- For each funnel and event name, the steps that an event of that name can do. `plain_mask` has the steps without filters.
steps as (
    select
        project_id,
        funnel_id,
        counted_by,
        step_order,
        breakdown_place,
        name,
        toUInt16(sumIf(bitShiftLeft(toUInt16(1), place - 1), filter = '[]')) as plain_mask,
        groupArrayIf((toUInt16(bitShiftLeft(toUInt16(1), place - 1)), {{ parsed_filters('filter', fields) }}), filter != '[]') as filtered
    from funnels
    array join step_names as name, arrayEnumerate(step_names) as place, filters as filter
    group by project_id, funnel_id, counted_by, step_order, breakdown_place, name
),

events as (
    select
        project_id,
        local_day,
        toString(name) as name,
        device_id,
        profile_id,
        session_id,
        created_at,
        toUInt128(event_id) as event_id,
        received_at,
        {{ field_texts(fields) }} as texts
    from {{ ref('events') }}
    where {{ in_window('local_day') }}
        and (project_id, name) in (select project_id, name from steps)
),

moments as (
    select
        steps.project_id as project_id,
        steps.funnel_id as funnel_id,
        {{ funnel_entity('steps', 'events') }} as entity,
        toUnixTimestamp64Milli(events.created_at) as at,
        events.local_day as local_day,
        events.event_id as event_id,
        events.received_at as received_at,
        toUInt16(plain_mask + arraySum(arrayMap(
            step -> if({{ fits_filters('step.2', 'events.texts') }}, step.1, toUInt16(0)), filtered))) as mask,
        arrayStringConcat(texts[breakdown_place], ', ') as breakdown_value
    from events
    inner join steps on events.project_id = steps.project_id and events.name = steps.name
    where entity != '' and (mask != 0 or steps.step_order = 'strict')
    {%- if shape.has_strict %}
    union all
    -- The other events of entities of strict funnels.
    select
        funnels.project_id as project_id,
        funnels.funnel_id as funnel_id,
        {{ funnel_entity('funnels', 'others') }} as entity,
        toUnixTimestamp64Milli(others.created_at) as at,
        others.local_day as local_day,
        toUInt128(0) as event_id,
        others.received_at as received_at,
        toUInt16(0) as mask,
        '' as breakdown_value
    from {{ ref('events') }} as others
    inner join funnels on others.project_id = funnels.project_id
    where {{ in_window('others.local_day') }}
        and others.project_id in (select project_id from funnels where step_order = 'strict')
        and funnels.step_order = 'strict' and not has(step_names, others.name) and entity != ''
    {%- endif %}
),

event_sequences as (
    select
        project_id,
        funnel_id,
        entity,
        local_day,
        arraySort(groupArray((at, event_id, received_at, mask, breakdown_value))) as in_order,
        arraySplit(
            (event, at, before) -> at != before, in_order, in_order.1, {{ previous_of('in_order.1', '-1') }}
        ) as by_instant
    from moments
    group by project_id, funnel_id, entity, local_day, {{ unguessable('entity') }}
)

select
    project_id,
    funnel_id,
    entity,
    local_day,
    arrayMap(done -> done[1].1, by_instant) as moments,
    arrayMap(done -> arrayFilter(mask -> mask != 0, done.4), by_instant) as masks,
    arrayMap(done -> arrayFilter((value, mask) -> mask != 0, done.5, done.4), by_instant) as breakdown_values
from event_sequences
