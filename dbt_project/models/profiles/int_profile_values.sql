{{ config(
    tags='facts', schema='lens_staging', partition_by='toYYYYMM(local_day)',
    order_by=['project_id', 'profile_id', 'created_at'], query_settings={'max_recursive_cte_evaluation_depth': 100}
) }}
-- grain: one row per property of a profile that an operation sets or changes
--
-- It reads `int_operations`. A property is named by its dotted path: nested objects of an identify are split down to
-- their leaves. A field next to the properties (first name, email, ...) is a property here whose path begins with `$`.

with recursive operations as (
    select * from {{ ref('int_operations') }}
    where {{ in_window('local_day') }} and profile_id != ''
),

-- Each step splits the objects that the step before has found into their members; a list is a value.
leaves as (
    select
        project_id, local_day, profile_id, created_at, received_at, batch_id, batch_row,
        '' as path,
        toJSONString(properties) as value
    from operations
    where operation = 'identify'
    union all
    select
        project_id, local_day, profile_id, created_at, received_at, batch_id, batch_row,
        if(leaves.path = '', '', leaves.path || '.') || entry.1 as path,
        entry.2 as value
    from leaves
    array join JSONExtractKeysAndValuesRaw(leaves.value) as entry
    where startsWith(leaves.value, '{')
),

plain_fields as (
    select
        project_id, local_day, profile_id, created_at, received_at, batch_id, batch_row,
        field.1 as path,
        toJSONString(field.2) as value
    from operations
    array join
        [('$first_name', first_name), ('$last_name', last_name), ('$name', name), ('$email', email), ('$avatar', avatar)]
        as field
    where operation = 'identify' and field.2 != ''
),

changes as (
    select
        project_id, local_day, profile_id, created_at, received_at, batch_id, batch_row,
        property as path,
        '' as value,
        if(operation = 'increment', operations.value, -operations.value) as amount
    from operations
    where operation in ('increment', 'decrement') and property != ''
)

select project_id, local_day, profile_id, path, value, toDecimal128(0, 9) as amount, created_at, received_at, batch_id, batch_row
from leaves
where path != '' and not startsWith(value, '{')
union all
select project_id, local_day, profile_id, path, value, toDecimal128(0, 9) as amount, created_at, received_at, batch_id, batch_row
from plain_fields
union all
select project_id, local_day, profile_id, path, value, amount, created_at, received_at, batch_id, batch_row
from changes
