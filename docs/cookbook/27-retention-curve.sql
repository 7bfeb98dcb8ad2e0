-- What is the curve over all cohorts, each week only from cohorts that have reached it?
select period_number as week, sum(cohort_size) as profiles, round(100 * sum(retained) / profiles, 1) as retention_rate
from lens.retention
where project_id = {project:String} and retention_id = '' and mode = 'first' and period = 'week'
    and addWeeks(cohort, period_number + 1) <= {end:Date}
group by week
order by week
