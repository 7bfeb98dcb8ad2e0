-- Rows in = rows out: what profiles count in all is what they did day by day.
{{ config(meta={'dagster': {'ref': {'name': 'profiles'}}}) }}

select project_id, sum(counted.event_count) as difference
from (
    select project_id, toInt64(event_count) as event_count from {{ ref('profiles') }}
    union all
    select project_id, -toInt64(event_count) as event_count from {{ last_published('lens_staging', 'int_profile_days') }}
) as counted
group by project_id
having difference != 0
