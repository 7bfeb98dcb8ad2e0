-- grain: one row per group
with described as (
    select project_id, group_id, group_type, group_name, properties, fold_order, created_at
    from counted_operations
    where operation = 'group'
),

seen as (
    select project_id, unnest(groups) as group_id, created_at, 1 as happened, if(is_countable, revenue, 0) as countable
    from events
    union all by name
    select project_id, unnest(groups) as group_id, created_at, 0 as happened, 0 as countable
    from counted_operations
    where operation = 'assign_group'
    union all by name
    select project_id, group_id, created_at, 0 as happened, 0 as countable from described
),

counted as (
    select
        project_id,
        group_id,
        min(created_at) as first_seen_at,
        max(created_at) as last_seen_at,
        sum(happened) as event_count,
        sum(countable) as revenue
    from seen
    where group_id <> ''
    group by all
),

last_said as (
    select
        project_id,
        group_id,
        arg_max(group_type, fold_order) as type,
        arg_max(group_name, fold_order) as name
    from described
    group by all
),

traits as (
    select
        project_id,
        group_id,
        unnest(json_keys(properties)) as trait,
        properties,
        fold_order
    from described
),

last_traits as (
    select
        project_id,
        group_id,
        trait,
        arg_max(properties -> ('$."' || trait || '"'), fold_order) as value
    from traits
    group by all
),

gathered as (
    select project_id, group_id, json_group_object(trait, value) as properties from last_traits group by all
),

memberships as (
    select project_id, unnest(groups) as group_id from profiles
),

membership as (
    select project_id, group_id, count(*) as profile_count from memberships group by all
)

select
    project_id,
    group_id,
    coalesce(type, '') as type,
    coalesce(name, '') as name,
    first_seen_at,
    last_seen_at,
    coalesce(profile_count, 0) as profile_count,
    event_count,
    revenue,
    coalesce(properties, '{}') as properties
from counted
left join last_said using (project_id, group_id)
left join gathered using (project_id, group_id)
left join membership using (project_id, group_id)
