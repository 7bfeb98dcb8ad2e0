-- The events of a project's day are all in metrics_daily and event_names_daily, its sessions' events all in sessions.

with events as (
    select project_id, local_day as day, count() as event_count from {{ ref('events') }}
    where {{ in_tested_days('local_day') }}
    group by project_id, day
),

in_metrics as (
    select project_id, day, events as event_count from {{ ref('metrics_daily') }}
    where {{ in_tested_days('day') }}
),

in_names as (
    select project_id, day, sum(events) as event_count from {{ ref('event_names_daily') }}
    where {{ in_tested_days('day') }}
    group by project_id, day
),

with_sessions as (
    select project_id, session_day as day, count() as event_count from {{ ref('events') }}
    where {{ in_tested_days('session_day') }} and {{ in_tested_days('local_day', after=1) }} and session_id != 0
    group by project_id, day
),

in_sessions as (
    select project_id, day, sum(event_count) as event_count from {{ ref('sessions') }}
    where {{ in_tested_days('day') }}
    group by project_id, day
)

select 'metrics_daily' as layer, project_id, day from (
    (select * from events except select * from in_metrics)
    union all
    (select * from in_metrics except select * from events)
)
union all
select 'event_names_daily' as layer, project_id, day from (
    (select * from events except select * from in_names)
    union all
    (select * from in_names except select * from events)
)
union all
select 'sessions' as layer, project_id, day from (
    (select * from with_sessions except select * from in_sessions)
    union all
    (select * from in_sessions except select * from with_sessions)
)
