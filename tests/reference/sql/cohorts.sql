-- grain: one row per cohort
select
    defined.project_id,
    defined.cohort_id,
    any_value(name) as name,
    any_value(criteria) as criteria,
    any_value(match) as match,
    count(distinct profile_id) as profile_count,
    min(joined_at) as first_joined_at,
    max(joined_at) as last_joined_at
from raw.cohort_definitions as defined
left join cohort_members
    on cohort_members.project_id = defined.project_id and cohort_members.cohort_id = defined.cohort_id
group by all
