{{ config(tags='folded', materialized='table', order_by=['project_id', 'group_id']) }}
-- grain: one row per group that was ever named by an event or an operation
--
-- It reads `int_group_days`, the operations and the profiles. If a group has more than `profile_properties` traits, it
-- keeps those that changed last, and of equal times the first by name.

with days as (
    select * from {{ ref('int_group_days') }}
),

operations as (
    select
        project_id,
        arrayJoin(if(operation = 'group', [group_id], groups)) as named_id,
        operation = 'group' as is_description,
        group_type,
        group_name,
        properties,
        created_at,
        (created_at, received_at, batch_id, batch_row) as position
    from {{ ref('int_operations') }}
    where operation in ('group', 'assign_group')
),

members as (
    select
        project_id,
        arrayJoin(groups) as member_of,
        count() as profile_count
    from {{ ref('profiles') }}
    group by project_id, member_of, {{ unguessable('member_of') }}
),

described as (
    select
        project_id,
        named_id,
        min(operations.created_at) as first_at,
        max(operations.created_at) as last_at,
        argMaxIf(group_type, position, is_description) as type,
        argMaxIf(group_name, position, is_description) as name
    from operations
    group by project_id, named_id, {{ unguessable('named_id') }}
),

-- A trait is a key of the sent properties; a nested object is replaced as a whole.
sent_traits as (
    select
        project_id,
        named_id,
        entry.1 as trait,
        argMax(entry.2, position) as value,
        max(position) as last_position
    from operations
    array join JSONExtractKeysAndValuesRaw(toJSONString(properties)) as entry
    where is_description
    group by project_id, named_id, trait, {{ unguessable('named_id, trait') }}
),

traits as (
    select
        project_id,
        named_id,
        groupArraySorted({{ var('profile_properties') }})(
            (-toUnixTimestamp64Milli(last_position.1), -toUnixTimestamp64Milli(last_position.2), trait, value)) as kept,
        '{' || arrayStringConcat(arrayMap(
            (trait, value) -> toJSONString(trait) || ':' || value, kept.3, kept.4
        ), ',') || '}' as json
    from sent_traits
    group by project_id, named_id, {{ unguessable('named_id') }}
),

sightings as (
    select project_id, group_id, first_at, last_at, event_count, revenue from days
    union all
    select project_id, named_id as group_id, first_at, last_at, 0 as event_count, 0 as revenue from described
),

folded as (
    select
        project_id,
        group_id,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at,
        sum(sightings.event_count) as event_count,
        sum(sightings.revenue) as revenue
    from sightings
    where group_id != ''
    group by project_id, group_id, {{ unguessable('group_id') }}
)

select
    folded.project_id as project_id,
    folded.group_id as group_id,
    described.type as type,
    described.name as name,
    folded.first_seen_at as first_seen_at,
    folded.last_seen_at as last_seen_at,
    members.profile_count as profile_count,
    folded.event_count as event_count,
    folded.revenue as revenue,
    cast(if(traits.json = '', '{}', traits.json) as JSON(max_dynamic_paths = 128)) as properties
from folded
left join described on folded.project_id = described.project_id and folded.group_id = described.named_id
left join members on folded.project_id = members.project_id and folded.group_id = members.member_of
left join traits on folded.project_id = traits.project_id and folded.group_id = traits.named_id
