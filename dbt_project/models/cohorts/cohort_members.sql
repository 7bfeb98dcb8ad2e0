{{ config(tags='folded', materialized='table', order_by=['project_id', 'cohort_id', 'profile_id', 'joined_at']) }}
-- grain: one row per cohort, profile and stretch of time in which the profile is a member
--
-- A sweep over time: a criterion adds 1 to a sum while it holds, and a profile is a member while the sum is what its
-- cohort needs. An event counts from the instant it happens until `within_days` later, so the count is n or more from
-- the n-th event on until the first of these n leaves the window.
{% set filters = "JSONExtractRaw(arrayJoin(JSONExtractArrayRaw(criteria)), 'profile')" %}
{% set fields = named_fields('profile',
    'select arrayJoin(' ~ names_in_filters(filters) ~ ') from ' ~ source('lens_raw', 'cohort_definitions') ~ ' final') %}
{% set open_end_ms = "toUnixTimestamp64Milli(toDateTime64('2299-12-31 00:00:00', 3, 'UTC'))" %}

with criteria as (
    select
        *,
        ifNull(toInt64(within_days) * 86400000, {{ open_end_ms }}) as window_ms,
        {{ parsed_filters('profile_filters', fields) }} as filters
    from {{ ref('stg_cohort_criteria') }}
),

profiles as (
    select
        project_id,
        profile_id,
        first_seen_at,
        {{ field_texts(fields) }} as texts
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

-- Every event from the n-th on reaches the threshold, until the first of the last n has left its window.
reached as (
    select
        histories.project_id as project_id,
        histories.cohort_id as cohort_id,
        histories.profile_id as profile_id,
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

-- Of stretches that overlap or meet only the outer ends are kept.
merged as (
    select
        project_id,
        cohort_id,
        profile_id,
        weight,
        arrayFilter(
            (start, end_before) -> end_before < start, stretches.1, arrayPopBack(arrayPushFront(stretches.2, 0))
        ) as from_ms,
        arrayFilter(
            (end, next_start) -> end < next_start,
            stretches.2, arrayPopFront(arrayPushBack(stretches.1, {{ open_end_ms }} + 1))
        ) as to_ms
    from reached
),

held_from_the_start as (
    select
        profiles.project_id as project_id,
        criteria.cohort_id as cohort_id,
        profiles.profile_id as profile_id,
        toInt16(1) as weight,
        [toUnixTimestamp64Milli(profiles.first_seen_at)] as from_ms,
        [{{ open_end_ms }}] as to_ms
    from profiles
    inner join criteria on profiles.project_id = criteria.project_id
    where if(event_name = '', {{ fits_filters('criteria.filters', 'profiles.texts') }}, holds_at_once)
),

-- What the sum changes by at each instant, and what it is from then on.
summed as (
    select
        project_id,
        cohort_id,
        profile_id,
        arraySort(groupArrayArray(arrayConcat(
            arrayMap(at -> (at, toInt32(weight)), from_ms), arrayMap(at -> (at, toInt32(-weight)), to_ms)))) as marks,
        arrayFilter(
            (sum, at, next) -> at != next,
            arrayZip(marks.1, arrayCumSum(marks.2)), marks.1, arrayPopFront(arrayPushBack(marks.1, 0))
        ) as sums
    from (select * from merged union all select * from held_from_the_start)
    group by project_id, cohort_id, profile_id, {{ unguessable('profile_id') }}
),

needs as (
    select project_id, cohort_id, any(criteria_needed) as needed from criteria
    group by project_id, cohort_id
),

-- Every stretch has an end, the open ones 2299-12-31: as many instants of joining as of leaving.
changed as (
    select
        summed.project_id as project_id,
        summed.cohort_id as cohort_id,
        summed.profile_id as profile_id,
        arrayMap(sum -> sum.2 >= needed, sums) as members,
        arrayPopBack(arrayPushFront(members, 0)) as members_before,
        arrayFilter((at, now, before) -> now > before, sums.1, members, members_before) as joined_ms,
        arrayFilter((at, now, before) -> now < before, sums.1, members, members_before) as left_ms
    from summed
    inner join needs on summed.project_id = needs.project_id and summed.cohort_id = needs.cohort_id
)

select
    project_id,
    cohort_id,
    profile_id,
    fromUnixTimestamp64Milli(stretch.1, 'UTC') as joined_at,
    fromUnixTimestamp64Milli(stretch.2, 'UTC') as left_at
from changed
array join arrayZip(joined_ms, left_ms) as stretch
