-- Which channels bring visits, and what do those earn?
-- lens.breakdown(by="channel", **period)
select
    channel,
    sum(sessions) as total_sessions,
    100 * sum(bounces) / total_sessions as bounce_rate,
    toFloat64(sum(revenue)) as total_revenue
from lens.sources_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by channel
order by total_sessions desc, channel
