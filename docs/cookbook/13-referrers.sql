-- Which sites do visits come from?
-- lens.referrers(limit=6, **period)
select
    referrer_name,
    referrer_type,
    count() as sessions,
    uniqExact(device_id) as unique_visitors
from lens.sessions
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by referrer_name, referrer_type
order by sessions desc, referrer_name
limit 6
