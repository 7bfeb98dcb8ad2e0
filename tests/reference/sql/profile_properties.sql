-- grain: one row per profile, instant and dotted path with a value by then
with identified as (
    select project_id, profile_id, moment, fold_order, properties
    from known_operations
    where operation = 'identify' and properties <> '{}'
),

leaves as (
    select
        project_id,
        profile_id,
        moment,
        fold_order,
        replace(leaf.fullkey[3:], '"', '') as path,
        leaf.value as value,
        leaf.type as type
    from identified, json_tree(identified.properties) as leaf
    where leaf.type not in ('OBJECT', 'NULL') and not contains(leaf.fullkey, '[')
),

given as (
    select
        project_id,
        profile_id,
        moment,
        path,
        max(fold_order) as given_order,
        arg_max(value, fold_order) as value,
        arg_max(type, fold_order) as type
    from leaves
    group by all
),

changes as (
    select
        project_id,
        profile_id,
        moment,
        property as path,
        fold_order,
        if(operation = 'increment', value, -value) as change
    from known_operations
    where operation in ('increment', 'decrement') and property <> ''
),

changed as (
    select project_id, profile_id, moment, path, sum(change) as change
    from changes
    left join given using (project_id, profile_id, moment, path)
    where fold_order > coalesce(given_order, -1)
    group by all
)

select
    coalesce(given.project_id, changed.project_id) as project_id,
    coalesce(given.profile_id, changed.profile_id) as profile_id,
    coalesce(given.moment, changed.moment) as moment,
    coalesce(given.path, changed.path) as path,
    case
        when change is null then value
        when type in ('BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT') then to_json(value::decimal(38, 9) + change)
        else to_json(change)
    end as value
from given
full outer join changed
    on changed.project_id = given.project_id
    and changed.profile_id = given.profile_id
    and changed.moment = given.moment
    and changed.path = given.path
