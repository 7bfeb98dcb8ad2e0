-- Which browsers do visitors use?
-- lens.browsers(**period)
select
    browser,
    count() as sessions,
    uniqExact(device_id) as unique_visitors,
    round(100 * countIf(is_bounce) / sessions, 1) as bounce_rate
from lens.sessions
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by browser
order by sessions desc, browser
