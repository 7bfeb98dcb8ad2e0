-- Which landing pages lead to a purchase?
with buying as (
    select distinct session_id
    from lens.events
    where project_id = {project:String} and local_day between {start:Date} and {end:Date} and name = 'purchase'
)
select
    entry_path,
    count() as sessions,
    countIf(session_id in buying) as with_purchase,
    round(100 * with_purchase / sessions, 1) as conversion_rate
from lens.sessions
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by entry_path
having sessions >= 20
order by conversion_rate desc, entry_path
