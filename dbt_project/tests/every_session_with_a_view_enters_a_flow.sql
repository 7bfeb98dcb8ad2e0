-- The sessions that enter by the flows of a project's day are its sessions with a screen view, and a page is left as
-- often as it was reached at the step before.
{{ config(meta={'dagster': {'ref': {'name': 'page_flows_daily'}}}) }}

with flows as (
    select * from {{ ref('page_flows_daily') }}
    where {{ in_tested_days('day') }}
),

entered as (
    select project_id, day, toInt64(sessions) as session_count from flows
    where step = 1
    union all
    select project_id, day, -1 as session_count from {{ ref('sessions') }}
    where {{ in_tested_days('day') }} and screen_view_count > 0
),

passed as (
    select project_id, day, toUInt8(step + 1) as left_step, to_path as path, toInt64(sessions) as session_count from flows
    where step < 20 and to_path != ''
    union all
    select project_id, day, step as left_step, from_path as path, -toInt64(sessions) as session_count from flows
    where step > 1 and from_path != ''
)

select project_id, day, 'enters' as what, sum(session_count) as difference from entered
group by project_id, day
having difference != 0
union all
select project_id, day, 'leaves ' || path as what, sum(session_count) as difference from passed
group by project_id, day, left_step, path, {{ unguessable('path') }}
having difference != 0
