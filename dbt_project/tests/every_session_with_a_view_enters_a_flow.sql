-- The sessions that enter by the flows of a project's day are its sessions with a screen view, and a page is left as
-- often as it was reached at the step before.

with flows as (
    select * from {{ ref('page_flows_daily') }}
    where {{ in_tested_days('day') }}
),

entered as (
    select project_id, day, sum(sessions) as session_count from flows
    where step = 1
    group by project_id, day
),

viewing as (
    select project_id, day, count() as session_count from {{ ref('sessions') }}
    where {{ in_tested_days('day') }} and screen_view_count > 0
    group by project_id, day
),

reached as (
    select project_id, day, toUInt8(step + 1) as left_step, to_path as path, sum(sessions) as session_count from flows
    where step < 20 and to_path != ''
    group by project_id, day, left_step, path
),

gone_on as (
    select project_id, day, step as left_step, from_path as path, sum(sessions) as session_count from flows
    where step > 1 and from_path != ''
    group by project_id, day, left_step, path
)

select project_id, day, 'enters' as what from (
    (select * from entered except select * from viewing)
    union all
    (select * from viewing except select * from entered)
)
union all
select project_id, day, 'leaves ' || path as what from (
    (select * from reached except select * from gone_on)
    union all
    (select * from gone_on except select * from reached)
)
