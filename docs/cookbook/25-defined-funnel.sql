-- And as the project has defined that funnel?
-- lens.defined_funnel("buying", **period)
select
    step_name as name,
    sum(reached) as count,
    100 * count / sum(entered) as conversion_from_start
from lens.funnels_daily
where project_id = {project:String} and funnel_id = 'buying' and day between {start:Date} and {end:Date}
group by step, step_name
order by step
