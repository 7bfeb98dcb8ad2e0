-- Who buys again, and when? (a defined retention)
-- lens.defined_retention("bought_again", periods=2, **period)
select cohort, cohort_size as size, period_number, retained, retention_rate
from lens.retention
where project_id = {project:String} and retention_id = 'bought_again' and mode = 'first' and period = 'week'
    and cohort >= {start:Date} and cohort <= {end:Date} and period_number <= 2
order by cohort, period_number
