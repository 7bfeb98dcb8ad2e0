-- How long is it from one visit to the next?
with visits as (
    select
        started_at,
        lagInFrame(toNullable(started_at)) over (
            partition by profile_id order by started_at rows between unbounded preceding and current row
        ) as before
    from lens.sessions
    where project_id = {project:String} and day between {start:Date} and {end:Date} and profile_id != ''
)
select
    count(before) as returns,
    round(quantileExact(0.25)(dateDiff('minute', before, started_at)) / 60, 1) as lower_quartile_hours,
    round(quantileExact(0.5)(dateDiff('minute', before, started_at)) / 60, 1) as median_hours,
    round(quantileExact(0.75)(dateDiff('minute', before, started_at)) / 60, 1) as upper_quartile_hours
from visits
