-- Which browsers do visitors use?
-- lens.browsers(**period)
select
    browser,
    sum(sessions) as sessions,
    uniqCombined64Merge(unique_visitors_state) as unique_visitors,
    round(100 * sum(bounces) / sessions, 1) as bounce_rate
from lens.devices_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by browser
order by sessions desc, browser
