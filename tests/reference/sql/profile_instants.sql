-- grain: one row per profile and instant at which more is known of it, the end of all time included
with seen as (
    select project_id, profile_id, created_at, local_day, groups from events where profile_id <> ''
)

select project_id, profile_id, timestamp '9999-12-31' as moment from seen
union
select project_id, profile_id, timestamp '9999-12-31' as moment from profile_operations
union
-- The rest is asked for by criteria on profiles only.
select project_id, profile_id, moment
from (
    select project_id, profile_id, created_at as moment from profile_operations
    union
    select project_id, profile_id, min(created_at) as moment from seen group by all
    union
    select project_id, profile_id, created_at as moment from seen where len(groups) > 0
    union
    select project_id, profile_id, ended_at as moment from seen inner join day_ends using (project_id, local_day)
    union
    select sessions.project_id, sessions.profile_id, ended_at as moment
    from (select project_id, profile_id, day as local_day from sessions) as sessions
    inner join day_ends using (project_id, local_day)
)
where project_id in (select project_id from cohort_criteria where event is null)
