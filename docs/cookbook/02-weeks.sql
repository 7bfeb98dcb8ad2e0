-- How did that go week by week?
-- lens.timeseries(interval="week", **period)
select
    toMonday(day) as date,
    uniqExactMerge(unique_visitors_state) as unique_visitors,
    sum(sessions) as total_sessions,
    100 * sum(bounces) / total_sessions as bounce_rate,
    toFloat64(sum(revenue)) as total_revenue
from lens.metrics_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by date
order by date
