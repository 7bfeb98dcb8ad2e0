-- grain: one row per operation that counts and names a profile, names followed
select
    counted_operations.* exclude (profile_id),
    coalesce(names.profile_id, counted_operations.profile_id) as profile_id
from counted_operations
left join names
    on names.project_id = counted_operations.project_id and names.alias = counted_operations.profile_id
where counted_operations.profile_id <> ''
