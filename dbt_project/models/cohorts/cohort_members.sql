{{ config(tags='folded', materialized='table', order_by=['project_id', 'cohort_id', 'profile_id', 'joined_at']) }}
-- grain: one row per cohort, profile and stretch of time in which the profile is a member
--
-- It reads all of `int_cohort_events` and `int_trait_changes`, since a membership can begin with an event of any day,
-- and `profiles`, since it begins at the profile's first_seen_at at the earliest.
--
-- A criterion adds 1 to a sum while it holds, and a profile is a member while the sum is at least the number that its
-- cohort needs. An event counts from its instant until `within_days` later, so a count is n or more from the n-th event
-- on until the first of the last n events leaves the window. A criterion on the profile is again a sum, over its
-- filters, each of which is 1 while it fits what is known of the profile.
{% set open_end_ms = "toUnixTimestamp64Milli(toDateTime64('2299-12-31 00:00:00', 3, 'UTC'))" %}

with criteria as (
    select
        *,
        ifNull(toInt64(within_days) * 86400000, {{ open_end_ms }}) as window_ms
    from {{ ref('stg_cohort_criteria') }}
),

profiles as (
    select
        project_id,
        profile_id,
        is_identified,
        toUnixTimestamp64Milli(first_seen_at) as first_seen_ms
    from {{ ref('profiles') }}
    where project_id in (select project_id from criteria where event_name = '' or holds_at_once)
),

histories as (
    select
        project_id,
        cohort_id,
        criterion,
        profile_id,
        arraySort(arrayMap(moment -> toUnixTimestamp64Milli(moment), groupArrayArray(moments))) as moments_ms
    from {{ ref('int_cohort_events') }}
    group by project_id, cohort_id, criterion, profile_id, {{ unguessable('profile_id') }}
),

-- Every event from the n-th on reaches the threshold n, until the first of the last n events leaves the window.
reached as (
    select
        histories.project_id as project_id,
        histories.cohort_id as cohort_id,
        histories.profile_id as profile_id,
        criteria_needed as needed,
        threshold.2 as weight,
        arraySlice(moments_ms, threshold.1, if(within_days is null, 1, length(moments_ms))) as reached_ms,
        arrayMap(
            first_ms -> least(first_ms + window_ms, {{ open_end_ms }}),
            arraySlice(moments_ms, 1, length(reached_ms))
        ) as left_ms,
        arrayFilter(stretch -> stretch.1 < stretch.2, arrayZip(reached_ms, left_ms)) as stretches
    from histories
    inner join criteria
        on histories.project_id = criteria.project_id
        and histories.cohort_id = criteria.cohort_id
        and histories.criterion = criteria.criterion
    array join thresholds as threshold
    where length(moments_ms) >= threshold.1
),

-- If stretches overlap or meet, only their outer ends are kept.
of_events as (
    select
        project_id,
        cohort_id,
        profile_id,
        needed,
        arrayFilter(
            (start, end_before) -> end_before < start, stretches.1, arrayPopBack(arrayPushFront(stretches.2, 0))
        ) as from_ms,
        arrayFilter(
            (end, next_start) -> end < next_start,
            stretches.2, arrayPopFront(arrayPushBack(stretches.1, {{ open_end_ms }} + 1))
        ) as to_ms,
        arrayConcat(
            arrayMap(at -> (at, toInt32(weight)), from_ms), arrayMap(at -> (at, toInt32(-weight)), to_ms)) as marks
    from reached
),

held_from_the_start as (
    select
        profiles.project_id as project_id,
        criteria.cohort_id as cohort_id,
        profiles.profile_id as profile_id,
        criteria_needed as needed,
        [(first_seen_ms, toInt32(1)), ({{ open_end_ms }}, toInt32(-1))] as marks
    from profiles
    inner join criteria on profiles.project_id = criteria.project_id
    where holds_at_once
),

filters as (
    select
        project_id,
        cohort_id,
        criterion,
        criteria_needed,
        length({{ names_in_filters('profile_filters') }}) as filters_needed,
        name,
        filter
    from criteria
    array join {{ names_in_filters('profile_filters') }} as name, {{ parsed_filters('profile_filters', profile_fields()) }} as filter
    where event_name = ''
),

trait_changes as (
    select
        project_id,
        name,
        profile_id,
        arraySort(change -> change.1, groupArray((toUnixTimestamp64Milli(changed_at), items))) as changes
    from {{ ref('int_trait_changes') }}
    group by project_id, name, profile_id, {{ unguessable('profile_id') }}
),

-- Whether a filter holds: from the time at which the profile is first seen, and after each change of its trait. Groups are
-- only added, never removed.
judged as (
    select
        asked.project_id as project_id,
        cohort_id,
        criterion,
        asked.profile_id as profile_id,
        criteria_needed,
        filters_needed,
        multiIf(
            asked.name = 'profile_id', [asked.profile_id],
            asked.name = 'is_identified', [if(is_identified, 'true', 'false')],
            asked.name = 'groups', [],
            asked.name in ('session_count', 'event_count', 'revenue'), ['0'],
            ['']
        ) as items_at_first,
        arrayPushFront(
            arrayMap(change -> {{ is_met('filter', 'change.2') }}, changes), {{ is_met('filter', 'items_at_first') }}) as met,
        arrayMap(
            is_met -> toInt32(is_met != filter.is_negative),
            if(asked.name = 'groups', arrayFill(is_met -> is_met, met), met)
        ) as fits,
        arrayPushFront(arrayMap(change -> greatest(change.1, first_seen_ms), changes), first_seen_ms) as moments,
        arrayFilter(mark -> mark.2 != 0, arrayPushBack(
            arrayZip(moments, arrayMap((now, before) -> now - before, fits, {{ previous_of('fits', '0') }})),
            ({{ open_end_ms }}, -fits[-1])
        )) as marks
    from (
        select profiles.*, filters.* except (project_id)
        from profiles
        inner join filters on profiles.project_id = filters.project_id
    ) as asked
    left join trait_changes
        on asked.project_id = trait_changes.project_id
        and asked.name = trait_changes.name
        and asked.profile_id = trait_changes.profile_id
),

of_profiles as (
    select
        project_id,
        cohort_id,
        criterion,
        profile_id,
        any(criteria_needed) as needed,
        {{ turns_of('judged.marks', 'filters_needed') }}
    from judged
    group by project_id, cohort_id, criterion, profile_id, {{ unguessable('profile_id') }}
),

swept as (
    select
        project_id,
        cohort_id,
        profile_id,
        {{ turns_of('marks', 'needed') }}
    from (
        select project_id, cohort_id, profile_id, needed, marks from of_events
        union all
        select project_id, cohort_id, profile_id, needed, marks from held_from_the_start
        union all
        select project_id, cohort_id, profile_id, needed, turns as marks from of_profiles
    )
    group by project_id, cohort_id, profile_id, {{ unguessable('profile_id') }}
)

-- Every stretch has an end (an open one 2299-12-31), so there are as many instants of joining as of leaving.
select
    project_id,
    cohort_id,
    profile_id,
    fromUnixTimestamp64Milli(stretch.1, 'UTC') as joined_at,
    fromUnixTimestamp64Milli(stretch.2, 'UTC') as left_at
from swept
array join arrayZip(
    arrayFilter(turn -> turn.2 > 0, turns).1, arrayFilter(turn -> turn.2 < 0, turns).1
) as stretch
