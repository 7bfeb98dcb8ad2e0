{{ config(tags='folded', materialized='table', schema='lens_staging', order_by=['project_id', 'profile_id', 'path']) }}
-- grain: one row per profile and property, with its value as JSON text
--
-- It reads all of `int_profile_values`. The value is the last one that an identify gave, by (time, received, batch,
-- row), plus the increments after it, less the decrements.

with changes as (
    select
        *,
        (created_at, received_at, batch_id, batch_row) as position
    from {{ ref('int_profile_values') }}
),

aliases as (
    select * from {{ ref('int_aliases') }}
),

owned as (
    select
        changes.project_id as project_id,
        if(aliases.alias = '', changes.profile_id, aliases.profile_id) as owner_id,
        changes.path as path,
        changes.value as value,
        changes.amount as amount,
        changes.position as position
    from changes
    left join aliases on changes.project_id = aliases.project_id and changes.profile_id = aliases.alias
),

last_values as (
    select
        project_id,
        owner_id,
        path,
        argMax(owned.value, owned.position) as value,
        max(owned.position) as position
    from owned
    where owned.value != ''
    group by project_id, owner_id, path, {{ unguessable('owner_id, path') }}
),

added as (
    select
        owned.project_id as project_id,
        owned.owner_id as owner_id,
        owned.path as path,
        any(last_values.value) as base,
        sumIf(owned.amount, owned.value = '' and (last_values.value = '' or owned.position > last_values.position)) as amount,
        countIf(owned.value = '' and (last_values.value = '' or owned.position > last_values.position)) as change_count,
        maxIf(
            owned.position, owned.value != '' or last_values.value = '' or owned.position > last_values.position
        ) as position
    from owned
    left join last_values
        on owned.project_id = last_values.project_id
        and owned.owner_id = last_values.owner_id
        and owned.path = last_values.path
    group by project_id, owner_id, path, {{ unguessable('owner_id, path') }}
)

select
    project_id,
    owner_id as profile_id,
    path,
    {{ added_to('base', 'change_count', 'amount') }} as value,
    position
from added
