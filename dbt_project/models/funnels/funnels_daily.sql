{{ config(materialized='table', order_by=['project_id', 'funnel_id', 'day', 'step']) }}
-- grain: one row per funnel, local day of entry and step
--
-- Ordered, by device: every event of the first step starts an attempt, each further step takes the first event that is
-- left at or after the one before and within the window, which is inclusive. A device counts once per day of entry,
-- with its deepest attempt, the earliest on a tie. An attempt can reach 90 days ahead, so the table is rebuilt whole,
-- from the events of the steps only.

with funnels as (
    select project_id, funnel_id, step_names, window_seconds
    from {{ source('lens_raw', 'funnel_definitions') }} final
),

step_events as (
    select
        funnels.project_id as project_id,
        funnels.funnel_id as funnel_id,
        funnels.step_names as step_names,
        funnels.window_seconds as window_seconds,
        events.device_id as device_id,
        events.local_day as day,
        events.name as name,
        toUnixTimestamp64Milli(events.created_at) as at_ms,
        toUInt128(events.event_id) as tie
    from {{ ref('events') }} as events
    inner join funnels on events.project_id = funnels.project_id
    where events.device_id != '' and has(funnels.step_names, events.name)
        and events.name in (select arrayJoin(step_names) from funnels)
),

devices as (
    select
        project_id,
        funnel_id,
        device_id,
        any(step_names) as steps,
        any(window_seconds) * 1000 as window_ms,
        arraySort(groupArray((at_ms, tie, name, day))) as moments
    from step_events
    group by project_id, funnel_id, device_id
),

-- The events an attempt takes, as positions in `within`; it ends at the first step that finds none.
attempts as (
    select
        project_id,
        funnel_id,
        device_id,
        steps,
        entry.1 as entered_ms,
        entry.4 as day,
        arrayFilter(moment -> moment.1 between entered_ms and entered_ms + window_ms, moments) as within,
        arrayFold(
            (taken, step) -> if(
                length(taken) != step - 1
                or arrayFirstIndex(
                    (moment, place) -> moment.3 = steps[step] and moment.1 >= within[taken[-1]].1 and not has(taken, place),
                    within, arrayEnumerate(within)) = 0,
                taken,
                arrayPushBack(taken, arrayFirstIndex(
                    (moment, place) -> moment.3 = steps[step] and moment.1 >= within[taken[-1]].1 and not has(taken, place),
                    within, arrayEnumerate(within)))
            ),
            range(2, length(steps) + 1),
            [indexOf(within, entry)]
        ) as taken,
        arrayMap(place -> within[place].1, taken) as reached_ms
    from devices
    array join arrayFilter(moment -> moment.3 = steps[1], moments) as entry
),

deepest as (
    select
        project_id,
        funnel_id,
        day,
        device_id,
        any(steps) as steps,
        argMax(reached_ms, (length(reached_ms), -entered_ms)) as reached_ms
    from attempts
    group by project_id, funnel_id, day, device_id
),

stepped as (
    select
        project_id,
        funnel_id,
        day,
        step,
        steps[step] as step_name,
        length(reached_ms) >= step as is_reached,
        if(step > 1 and is_reached, reached_ms[step] - reached_ms[step - 1], null) as gap_ms
    from deepest
    array join arrayEnumerate(steps) as step
)

select
    project_id,
    funnel_id,
    day,
    toUInt8(step) as step,
    any(step_name) as step_name,
    count() as entered,
    toUInt64(countIf(is_reached)) as reached,
    if(countIf(gap_ms is not null) = 0, null, quantileExactInclusive(0.5)(gap_ms) / 1000) as median_seconds_from_previous
from stepped
group by project_id, funnel_id, day, step
