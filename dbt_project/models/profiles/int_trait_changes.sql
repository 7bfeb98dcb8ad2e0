{{ config(tags='folded', materialized='table', schema='lens_staging', order_by=['project_id', 'name', 'profile_id', 'changed_at']) }}
-- grain: one row per profile, trait that a cohort of its project names, and instant from which the trait has another
-- value
--
-- It reads `int_profile_values`, `int_profile_days` and the operations. A trait is a name that a filter on a profile
-- can use: a column or `properties.<path>`. `items` are the trait's values from that instant on, as filters read them;
-- for `groups` only the new ones, because a group that was named stays. Before its first row a trait is empty. Sums of
-- a local day count from the end of the day on, so that a later event of the day cannot change what was true before it.

with asked as (
    select distinct
        project_id,
        arrayJoin({{ names_in_filters('profile_filters') }}) as name
    from {{ ref('stg_cohort_criteria') }}
    where event_name = ''
),

aliases as (
    select * from {{ ref('int_aliases') }}
),

asked_paths as (
    select
        project_id,
        name,
        startsWith(name, 'properties.') as is_property,
        if(is_property, substring(name, 12), '$' || name) as path
    from asked
    where if(is_property, not startsWith(path, '$'), name in ('first_name', 'last_name', 'name', 'email', 'avatar'))
),

-- If one path contains another, only the value that changed last counts, so changes of both paths are read.
sought_paths as (
    select project_id, name, path, path as sought, not is_property as is_exact from asked_paths
    union all
    select project_id, name, path, arrayJoin({{ outer_paths('path') }}) as sought, true as is_exact from asked_paths
    where is_property
),

set_values as (
    select
        *,
        arrayJoin(arrayPushBack({{ outer_paths('path') }}, path)) as prefix
    from {{ ref('int_profile_values') }}
    where project_id in (select project_id from asked_paths)
),

owned as (
    select
        set_values.project_id as project_id,
        sought_paths.name as name,
        if(aliases.alias = '', set_values.profile_id, aliases.profile_id) as owner_id,
        set_values.path = sought_paths.path as is_own,
        if(is_own, set_values.value, '') as value,
        if(is_own, set_values.amount, 0) as amount,
        (set_values.created_at, set_values.received_at, set_values.batch_id, set_values.batch_row) as position
    from set_values
    inner join sought_paths
        on set_values.project_id = sought_paths.project_id and set_values.prefix = sought_paths.sought
    left join aliases on set_values.project_id = aliases.project_id and set_values.profile_id = aliases.alias
    where not is_exact or set_values.path = sought
),

-- The value after each change: the last value that was set, plus the increments since.
folded as (
    select
        project_id,
        name,
        owner_id,
        arraySort(groupArray((position, is_own, value, amount))) as in_order,
        in_order.1.1 as moments,
        in_order.3 as given,
        arrayFill(value -> value != '', given) as bases,
        arrayCumSum(in_order.4) as sums,
        arrayCumSum(arrayMap((is_own, value) -> is_own and value = '', in_order.2, given)) as counts,
        arrayPushFront(given, 'none') as given_from_none,
        arrayPopFront(arrayFill((sum, value) -> value != '', arrayPushFront(sums, 0), given_from_none)) as sums_before,
        arrayPopFront(arrayFill((count, value) -> value != '', arrayPushFront(counts, 0), given_from_none)) as counts_before,
        arrayMap(
            (is_own, base, sum, sum_before, count, count_before)
                -> if(is_own, {{ added_to('base', 'count - count_before', 'sum - sum_before') }}, ''),
            in_order.2, bases, sums, sums_before, counts, counts_before
        ) as texts
    from owned
    group by project_id, name, owner_id, {{ unguessable('owner_id') }}
),

of_values as (
    select
        project_id,
        name,
        owner_id as profile_id,
        moment as changed_at,
        [if(
            startsWith(name, 'properties.'),
            toString(getSubcolumn(cast('{"value":' || if(text = '', 'null', text) || '}' as JSON), 'value')),
            JSONExtractString(text)
        )] as items
    from folded
    array join moments as moment, texts as text, arrayPopFront(arrayPushBack(moments, toDateTime64(0, 3, 'UTC'))) as next_moment
    where moment != next_moment
),

named_groups as (
    select
        project_id,
        profile_id,
        group_id,
        fromUnixTimestamp64Milli(first_ms, 'UTC') as named_at
    from {{ ref('int_profile_days') }}
    array join
        group_ids as group_id,
        if(empty(group_first_ms), arrayMap(group_id -> toUnixTimestamp64Milli(first_at), group_ids), group_first_ms) as first_ms
    where project_id in (select project_id from asked where name = 'groups')
    union all
    select
        operations.project_id as project_id,
        if(aliases.alias = '', operations.profile_id, aliases.profile_id) as profile_id,
        arrayJoin(operations.groups) as group_id,
        operations.created_at as named_at
    from {{ ref('int_operations') }} as operations
    left join aliases on operations.project_id = aliases.project_id and operations.profile_id = aliases.alias
    where operations.operation = 'assign_group'
        and operations.profile_id != ''
        and operations.project_id in (select project_id from asked where name = 'groups')
),

of_groups as (
    select
        project_id,
        'groups' as name,
        profile_id,
        changed_at,
        groupArray(group_id) as items
    from (
        select
            project_id,
            profile_id,
            group_id,
            min(named_at) as changed_at
        from named_groups
        group by project_id, profile_id, group_id, {{ unguessable('profile_id, group_id') }}
    )
    group by project_id, profile_id, changed_at, {{ unguessable('profile_id') }}
),

asked_sums as (
    select * from asked where name in ('session_count', 'event_count', 'revenue')
),

clocks as (
    select
        zone,
        arraySort(groupArray((toUnixTimestamp64Second(from_utc), offset_seconds))) as changes
    from {{ ref('stg_zone_offsets') }}
    group by zone
),

days as (
    select * from {{ ref('int_profile_days') }}
    where project_id in (select project_id from asked_sums)
),

-- A day ends at the first instant that has a later date in the project's zone.
day_ends as (
    select
        project_days.project_id as project_id,
        project_days.local_day as local_day,
        toInt64(toUInt16(project_days.local_day + 1)) * 86400 as midnight_s,
        1000 * arrayMin(arrayFilter(
            (at, until) -> at < until,
            arrayMap(clock -> greatest(clock.1, midnight_s - clock.2), changes),
            arrayPushBack(arrayPopFront(changes.1), toUnixTimestamp64Second(toDateTime64('2299-12-31 00:00:00', 3, 'UTC')))
        )) as ended_ms
    from (select distinct project_id, local_day from days) as project_days
    inner join {{ ref('stg_projects') }} as projects on project_days.project_id = projects.project_id
    inner join clocks on projects.timezone = clocks.zone
),

summed as (
    select
        days.project_id as project_id,
        days.profile_id as profile_id,
        arraySort(groupArray((ended_ms, days.session_count, days.event_count, days.revenue))) as in_order,
        arrayJoin(arrayZip(in_order.1, arrayCumSum(in_order.2), arrayCumSum(in_order.3), arrayCumSum(in_order.4))) as known,
        arrayJoin([
            ('session_count', toFloat64(known.2)), ('event_count', toFloat64(known.3)), ('revenue', toFloat64(known.4))
        ]) as sum
    from days
    inner join day_ends on days.project_id = day_ends.project_id and days.local_day = day_ends.local_day
    group by project_id, profile_id, {{ unguessable('profile_id') }}
)

select project_id, name, profile_id, changed_at, items from of_values
union all
select project_id, name, profile_id, changed_at, items from of_groups
union all
select
    project_id,
    sum.1 as name,
    profile_id,
    fromUnixTimestamp64Milli(known.1, 'UTC') as changed_at,
    [toString(sum.2)] as items
from summed
where (project_id, name) in (select project_id, name from asked_sums)
