{{ config(tags='folded', materialized='table', order_by=['project_id', 'cohort_id']) }}
-- grain: one row per cohort that is defined, with its number of members
--
-- It reads the definitions and `cohort_members`. A cohort that never had a member has a row, too.

with definitions as (
    select * from {{ source('lens_raw', 'cohort_definitions') }} {{ final() }}
),

joined as (
    select
        project_id,
        cohort_id,
        uniqExact(profile_id) as profile_count,
        toNullable(min(joined_at)) as first_joined_at,
        toNullable(max(joined_at)) as last_joined_at
    from {{ ref('cohort_members') }}
    group by project_id, cohort_id
)

select
    definitions.project_id as project_id,
    definitions.cohort_id as cohort_id,
    definitions.name as name,
    definitions.criteria as criteria,
    definitions.match as match,
    joined.profile_count as profile_count,
    joined.first_joined_at as first_joined_at,
    joined.last_joined_at as last_joined_at
from definitions
left join joined on definitions.project_id = joined.project_id and definitions.cohort_id = joined.cohort_id
