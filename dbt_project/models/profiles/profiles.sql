{{ config(materialized='table', order_by=['project_id', 'profile_id']) }}
-- grain: one row per profile that was ever seen in an event or named by an operation

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
        groupUniqArrayArray(operations.group_ids) as group_ids
    from operations
    group by project_id, owner_id
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
        arraySort(groupUniqArrayArray(sightings.group_ids)) as groups
    from sightings
    group by project_id, profile_id
),

-- Of a path and another inside it (`plan` and `plan.name`) only the one changed last stands.
traits as (
    select
        project_id,
        profile_id,
        groupArray((path, value, position)) as entries,
        arrayFilter(
            entry -> not startsWith(entry.1, '$') and not arrayExists(
                other -> other.3 > entry.3
                    and (startsWith(other.1, entry.1 || '.') or startsWith(entry.1, other.1 || '.')),
                entries),
            entries) as kept,
        mapFromArrays(entries.1, arrayMap(entry -> JSONExtractString(entry.2), entries)) as texts,
        '{' || arrayStringConcat(arrayMap(entry -> toJSONString(entry.1) || ':' || entry.2, arraySort(kept)), ',') || '}'
            as json
    from {{ ref('int_profile_properties') }}
    group by project_id, profile_id
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
    traits.texts['$first_name'] as first_name,
    traits.texts['$last_name'] as last_name,
    traits.texts['$name'] as name,
    traits.texts['$email'] as email,
    traits.texts['$avatar'] as avatar,
    folded.groups as groups,
    cast(if(traits.json = '', '{}', traits.json) as JSON(max_dynamic_paths = 128)) as properties
from folded
left join traits
    on folded.project_id = traits.project_id and folded.profile_id = traits.profile_id
