-- grain: one row per name that is an alias, with the profile it leads to in the end
with recursive meant as (
    select project_id, alias, arg_max(profile_id, fold_order) as target
    from counted_operations
    where operation = 'alias' and alias <> '' and profile_id <> ''
    group by project_id, alias
),

reached as (
    select project_id, alias, target as name from meant
    union
    select reached.project_id, reached.alias, meant.target
    from reached
    inner join meant on meant.project_id = reached.project_id and meant.alias = reached.name
),

-- Where a walk ends, or else the names on it that come back to themselves.
ends as (
    select
        reached.*,
        meant.target is null as is_end
    from reached
    left join meant on meant.project_id = reached.project_id and meant.alias = reached.name
),

in_loop as (
    select project_id, alias from reached where name = alias
)

select
    ends.project_id,
    ends.alias,
    min(ends.name) as profile_id
from ends
left join in_loop on in_loop.project_id = ends.project_id and in_loop.alias = ends.name
where ends.is_end or in_loop.alias is not null
group by ends.project_id, ends.alias
