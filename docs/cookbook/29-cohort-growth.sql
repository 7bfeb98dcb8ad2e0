-- How does a cohort grow?
select toMonday(toDate(joined_at, 'Europe/Berlin')) as week, count() as joined, sum(joined) over (order by week) as members
from lens.cohort_members
where project_id = {project:String} and cohort_id = 'buyers'
group by week
order by week
