-- Which sites do visits come from?
-- lens.referrers(limit=6, **period)
select
    referrer_name,
    referrer_type,
    sum(sessions) as sessions,
    uniqCombined64Merge(unique_visitors_state) as unique_visitors
from lens.sources_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by referrer_name, referrer_type
order by sessions desc, referrer_name
limit 6
