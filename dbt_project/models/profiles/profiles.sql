{{ config(tags='folded', materialized='table', order_by=['project_id', 'profile_id']) }}
-- grain: one row per profile that was ever seen in an event or named by an operation
--
-- It reads `int_profile_days`, `int_profile_properties` and the operations. If a profile has more than
-- `profile_properties` properties, it keeps those that changed last, and of equal times the first by name.

with days as (
    select * from {{ ref('int_profile_days') }}
),

aliases as (
    select * from {{ ref('int_aliases') }}
),

operations as (
    select
        operations.project_id as project_id,
        if(aliases.alias = '', operations.profile_id, aliases.profile_id) as owner_id,
        operations.created_at as created_at,
        if(operations.operation = 'assign_group', operations.groups, []) as group_ids
    from {{ ref('int_operations') }} as operations
    left join aliases on operations.project_id = aliases.project_id and operations.profile_id = aliases.alias
    where operations.profile_id != ''
),

sightings as (
    select
        project_id,
        profile_id,
        is_identified,
        if(event_count = 0, null, first_at) as first_at,
        if(event_count = 0, null, last_at) as last_at,
        session_count,
        event_count,
        revenue,
        group_ids
    from days
    union all
    select
        project_id,
        owner_id as profile_id,
        true as is_identified,
        min(created_at) as first_at,
        max(created_at) as last_at,
        0 as session_count,
        0 as event_count,
        0 as revenue,
        {{ distinct_texts_in('operations.group_ids') }} as group_ids
    from operations
    group by project_id, owner_id, {{ unguessable('owner_id') }}
),

folded as (
    select
        project_id,
        profile_id,
        max(sightings.is_identified) as is_identified,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at,
        sum(sightings.session_count) as session_count,
        sum(sightings.event_count) as event_count,
        sum(sightings.revenue) as revenue,
        {{ distinct_texts_in('sightings.group_ids') }} as groups
    from sightings
    group by project_id, profile_id, {{ unguessable('profile_id') }}
),

-- If one path contains another (`plan` and `plan.name`), only the one that changed last counts. Each path looks up the paths
-- that contain it, so the cost does not grow with the square of a profile's properties.
nested as (
    select
        project_id,
        profile_id,
        path as inner_path,
        position as inner_position,
        arrayJoin({{ outer_paths('path') }}) as outer_path
    from {{ ref('int_profile_properties') }}
    where not startsWith(path, '$') and position(path, '.') > 0
),

overridden as (
    select
        outers.project_id as project_id,
        outers.profile_id as profile_id,
        if(outers.position < inner_position, outer_path, inner_path) as path
    from {{ ref('int_profile_properties') }} as outers
    inner join nested
        on outers.project_id = nested.project_id
        and outers.profile_id = nested.profile_id
        and outers.path = nested.outer_path
    where outers.position != inner_position
),

traits as (
    select
        project_id,
        profile_id,
        {%- for field in ['first_name', 'last_name', 'name', 'email', 'avatar'] %}
        anyIf(JSONExtractString(value), path = '${{ field }}') as {{ field }},
        {%- endfor %}
        groupArraySortedIf({{ var('profile_properties') }})(
            (-toUnixTimestamp64Milli(position.1), -toUnixTimestamp64Milli(position.2), path, value),
            not startsWith(path, '$')
            and (project_id, profile_id, path) not in (select project_id, profile_id, path from overridden)
        ) as kept,
        '{' || arrayStringConcat(arrayMap(
            (path, value) -> toJSONString(path) || ':' || value, arraySort(kept.3), arraySort((value, path) -> path, kept.4, kept.3)
        ), ',') || '}' as json
    from {{ ref('int_profile_properties') }}
    group by project_id, profile_id, {{ unguessable('profile_id') }}
)

select
    folded.project_id as project_id,
    folded.profile_id as profile_id,
    folded.is_identified as is_identified,
    assumeNotNull(folded.first_seen_at) as first_seen_at,
    assumeNotNull(folded.last_seen_at) as last_seen_at,
    folded.session_count as session_count,
    folded.event_count as event_count,
    folded.revenue as revenue,
    traits.first_name as first_name,
    traits.last_name as last_name,
    traits.name as name,
    traits.email as email,
    traits.avatar as avatar,
    folded.groups as groups,
    cast(if(traits.json = '', '{}', traits.json) as JSON(max_dynamic_paths = 128)) as properties
from folded
left join traits
    on folded.project_id = traits.project_id and folded.profile_id = traits.profile_id
