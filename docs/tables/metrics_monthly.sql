-- And month by month?
select month, unique_visitors, sessions, revenue
from lens.metrics_monthly
where project_id = {project:String}
order by month
