-- How many profiles come back in the weeks after their first?
-- lens.retention(period="week", periods=3, **period)
select cohort, cohort_size as size, period_number, retained, retention_rate
from lens.retention
where project_id = {project:String} and retention_id = '' and mode = 'first' and period = 'week'
    and cohort >= {start:Date} and cohort <= {end:Date} and period_number <= 3
order by cohort, period_number
