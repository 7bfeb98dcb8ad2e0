-- What does a visit from each campaign bring?
select utm_source, utm_campaign, sum(sessions) as sessions, round(toFloat64(sum(revenue)) / sessions, 2) as revenue_per_session
from lens.sources_daily
where project_id = {project:String} and day between {start:Date} and {end:Date} and utm_source != ''
group by utm_source, utm_campaign
order by sessions desc
