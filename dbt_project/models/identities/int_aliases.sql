{{ config(tags='facts', schema='lens_staging', materialized='table', order_by=['project_id', 'alias']) }}
-- grain: one row per alias, with the profile at the end of its chain
--
-- It reads all alias operations. The last operation of a name decides whose alias it is. Chains are followed by
-- doubling: each level goes twice as far as the level before, so 12 levels follow 4,096 names. A name whose chain has
-- not ended then is in a loop or leads into one, and means the smallest id of the loop.

with recursive edges as (
    select
        project_id,
        alias,
        argMax(profile_id, (created_at, received_at, batch_id, batch_row)) as target
    from {{ ref('int_operations') }}
    where operation = 'alias' and alias != '' and profile_id != ''
    group by project_id, alias, {{ unguessable('alias') }}
),

jumps as (
    select
        toUInt8(0) as level,
        project_id,
        alias,
        target,
        least(alias, target) as smallest
    from edges
    where alias != target
    union all
    select
        toUInt8(jumps.level + 1) as level,
        jumps.project_id as project_id,
        jumps.alias as alias,
        if(onward.alias = '', jumps.target, onward.target) as target,
        if(onward.alias = '', jumps.smallest, least(jumps.smallest, onward.smallest)) as smallest
    from jumps
    left join jumps as onward on jumps.project_id = onward.project_id and jumps.target = onward.alias
    where jumps.level < 12
),

followed as (
    select * from jumps
    where level = 12
)

select
    followed.project_id as project_id,
    followed.alias as alias,
    if(looped.alias = '', followed.target, looped.smallest) as profile_id
from followed
left join followed as looped on followed.project_id = looped.project_id and followed.target = looped.alias
