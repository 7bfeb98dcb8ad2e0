-- What did the visitors of the largest purchase do before it?
with purchase as (
    select session_id
    from lens.events
    where project_id = {project:String} and local_day between {start:Date} and {end:Date} and name = 'purchase'
    order by revenue desc, event_id
    limit 1
)
select created_at, name, path, revenue
from lens.events
where project_id = {project:String} and local_day between {start:Date} and {end:Date} and session_id in purchase
order by created_at
