-- Which channels' visits get to a purchase?
with visits as (
    select
        session_id,
        windowFunnel(86400000)(
            toUInt64(toUnixTimestamp64Milli(created_at)), name = 'screen_view', name = 'add_to_cart', name = 'purchase'
        ) as steps
    from lens.events
    where project_id = {project:String} and session_day between {start:Date} and {end:Date} and session_id != 0
    group by session_id
)
select
    channel,
    countIf(steps >= 1) as viewed,
    countIf(steps >= 2) as put_in_cart,
    countIf(steps >= 3) as bought,
    round(100 * bought / viewed, 1) as conversion_rate
from visits
join lens.sessions using (session_id)
where project_id = {project:String}
group by channel
order by conversion_rate desc, channel
