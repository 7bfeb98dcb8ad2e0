-- How many came back in the week after their first?
select cohort, cohort_size, retained, round(retention.retention_rate, 1) as retention_rate
from lens.retention
where project_id = {project:String} and retention_id = '' and mode = 'first' and period = 'week' and period_number = 1
order by cohort
limit 3
