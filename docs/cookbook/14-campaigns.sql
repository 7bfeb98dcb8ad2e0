-- Which campaigns bring visits?
-- lens.utm(**period)
select
    utm_source,
    utm_medium,
    utm_campaign,
    count() as sessions,
    uniqExact(device_id) as unique_visitors
from lens.sessions
where project_id = {project:String} and day between {start:Date} and {end:Date} and utm_source != ''
group by utm_source, utm_medium, utm_campaign
order by sessions desc
