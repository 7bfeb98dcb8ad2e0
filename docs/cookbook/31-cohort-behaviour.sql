-- How often do members of a cohort visit, week by week?
-- lens.cohort_behaviour("buyers", metric="sessions", interval="week", **period)
select toMonday(day) as date, toFloat64(count()) as value
from lens.sessions
where project_id = {project:String} and day between {start:Date} and {end:Date}
    and profile_id in (
        select profile_id from lens.cohort_members where project_id = {project:String} and cohort_id = 'buyers'
    )
group by date
order by date
