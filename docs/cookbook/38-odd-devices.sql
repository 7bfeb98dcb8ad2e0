-- Which devices look like programs that no list knows?
with gaps as (
    select
        device_id,
        user_agent,
        dateDiff('second', lagInFrame(toNullable(created_at)) over (
            partition by device_id order by created_at rows between unbounded preceding and current row
        ), created_at) as seconds
    from lens.events
    where project_id = {project:String} and local_day between {start:Date} and {end:Date} and is_screen_view
)
select
    device_id,
    count() as views,
    topK(1)(seconds)[1] as usual_gap_seconds,
    round(100 * arrayCount(gap -> gap = usual_gap_seconds, groupArray(seconds)) / views, 1) as at_that_gap
from gaps
where seconds is not null
group by device_id
having views >= 50
order by at_that_gap desc
limit 3
