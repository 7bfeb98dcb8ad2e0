-- grain: one row per project that sent something, with the settings it has or the defaults
with projects as (
    select project_id from raw.events
    union
    select project_id from raw.operations
    union
    select project_id from raw.quarantine
)

select
    projects.project_id,
    coalesce(nullif(timezone, ''), 'UTC') as timezone,
    coalesce(currency, '') as currency,
    to_seconds(coalesce(session_timeout_seconds, 1800)) as timeout,
    to_milliseconds(coalesce(duplicate_window_ms, 100)) as duplicate_window,
    coalesce(allowed_bots, []) as allowed_bots
from projects
left join raw.project_settings using (project_id)
