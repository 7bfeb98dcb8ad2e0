-- grain: one row per funnel, day of entry, breakdown value and step
with reached as (
    select
        project_id,
        funnel_id,
        day,
        breakdown_value,
        step,
        if(step_order = 'any', '', name) as step_name,
        len(times) >= step as has_reached,
        epoch_ms(times[step]) - epoch_ms(times[step - 1]) as after_previous,
        if(step > 1, epoch_ms(times[step]) - epoch_ms(times[1]), null) as after_start
    from funnel_attempts
    inner join funnel_steps using (project_id, funnel_id)
)

select
    project_id,
    funnel_id,
    day,
    breakdown_value,
    step,
    step_name,
    count(*) as entered,
    count(*) filter (has_reached) as reached,
    quantile_cont(after_previous, 0.5) / 1000 as median_seconds_from_previous,
    quantile_cont(after_start, 0.25) / 1000 as p25_seconds_from_start,
    quantile_cont(after_start, 0.5) / 1000 as median_seconds_from_start,
    quantile_cont(after_start, 0.75) / 1000 as p75_seconds_from_start,
    quantile_cont(after_start, 0.9) / 1000 as p90_seconds_from_start
from reached
group by all
