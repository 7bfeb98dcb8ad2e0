-- grain: one row per cohort and criterion
with listed as (
    select
        project_id,
        cohort_id,
        match,
        unnest(from_json(criteria, '["json"]')) as criterion,
        unnest(range(1, json_array_length(criteria)::bigint + 1)) as criterion_number
    from raw.cohort_definitions
)

select
    project_id,
    cohort_id,
    match,
    criterion_number,
    criterion ->> 'event' as event,
    (coalesce(criterion -> 'filters', criterion -> 'profile', '[]'))::varchar as filters,
    criterion ->> '$.count.operator' as operator,
    (criterion ->> '$.count.value')::bigint as wanted,
    to_days((criterion ->> 'within_days')::int) as within,
    coalesce((criterion ->> 'start_date')::date, date '1970-01-01') as first_day,
    coalesce((criterion ->> 'end_date')::date, date '9999-12-31') as last_day
from listed
