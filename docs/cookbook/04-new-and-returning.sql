-- How many of a week's visitors are new, how many return?
with weeks as (
    select distinct toMonday(local_day) as week, profile_id
    from lens.events
    where project_id = {project:String} and local_day between {start:Date} and {end:Date} and profile_id != ''
),
firsts as (
    select profile_id, toMonday(min(local_day)) as first_week
    from lens.events
    where project_id = {project:String}
    group by profile_id
)
select week, countIf(week = first_week) as new_profiles, countIf(week > first_week) as returning_profiles
from weeks
join firsts using (profile_id)
group by week
order by week
