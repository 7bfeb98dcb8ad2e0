-- What was earned, in each currency?
-- lens.revenue(**period)
select
    currency,
    toFloat64(sum(events.revenue)) as revenue,
    countIf(events.revenue > 0) as sales,
    uniqExactIf(profile_id, profile_id != '' and events.revenue > 0) as people
from lens.events
where project_id = {project:String} and local_day between {start:Date} and {end:Date} and events.revenue != 0
group by currency
order by sales desc
