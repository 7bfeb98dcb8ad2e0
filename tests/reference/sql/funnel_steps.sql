-- grain: one row per funnel and step
select
    project_id,
    funnel_id,
    len(step_names) as step_count,
    to_seconds(window_seconds) as within,
    counted_by,
    step_order,
    breakdown,
    unnest(range(1, len(step_names) + 1)) as step,
    unnest(step_names) as name,
    unnest([coalesce(nullif(step_filters[place], ''), '[]') for place in range(1, len(step_names) + 1)]) as filters
from raw.funnel_definitions
