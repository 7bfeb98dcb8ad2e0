-- How did that go week by week?
-- lens.timeseries(interval="week", **period)
select
    week as date,
    unique_visitors,
    sessions as total_sessions,
    100 * bounces / nullIf(sessions, 0) as bounce_rate,
    toFloat64(revenue) as total_revenue
from lens.metrics_weekly
where project_id = {project:String} and week between toMonday({start:Date}) and {end:Date}
order by date
