-- grain: one row per funnel, entity and local day of entry: the attempt that counts
with attempts as (
    select project_id, funnel_id, start_key, times from funnel_chains
    union all
    select project_id, funnel_id, start_key, times from funnel_sets
),

entities as (
    select distinct project_id, funnel_id, event_key as start_key, event_id, entity, local_day from funnel_fits
)

select attempts.*, entity, local_day as day, breakdown_value
from attempts
inner join entities using (project_id, funnel_id, start_key)
inner join broken_down
    on broken_down.project_id = attempts.project_id
    and broken_down.funnel_id = attempts.funnel_id
    and broken_down.event_key = attempts.start_key
qualify row_number() over (
    partition by attempts.project_id, attempts.funnel_id, entity, day order by len(times) desc, times, event_id, start_key
) = 1
