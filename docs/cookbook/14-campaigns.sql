-- Which campaigns bring visits?
-- lens.utm(**period)
select
    utm_source,
    utm_medium,
    utm_campaign,
    sum(sessions) as sessions,
    uniqCombined64Merge(unique_visitors_state) as unique_visitors
from lens.sources_daily
where project_id = {project:String} and day between {start:Date} and {end:Date} and utm_source != ''
group by utm_source, utm_medium, utm_campaign
order by sessions desc
