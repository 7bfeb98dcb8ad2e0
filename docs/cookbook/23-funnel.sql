-- How many devices get from a page to the cart and to a purchase, within a day?
-- lens.funnel([{"name": "screen_view"}, {"name": "add_to_cart"}, {"name": "purchase"}], **period)
with reached as (
    select
        device_id,
        windowFunnel(86400000)(
            toUInt64(toUnixTimestamp64Milli(created_at)), name = 'screen_view', name = 'add_to_cart', name = 'purchase'
        ) as steps
    from lens.events
    where project_id = {project:String} and local_day between {start:Date} and {end:Date} and device_id != ''
    group by device_id
)
select step.1 as name, countIf(steps >= step.2) as count
from reached
array join [('screen_view', 1), ('add_to_cart', 2), ('purchase', 3)] as step
group by step
order by step.2
