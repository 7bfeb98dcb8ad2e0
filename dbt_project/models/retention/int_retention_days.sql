{{ config(
    tags='daily', schema='lens_staging', partition_by='local_day',
    order_by=['project_id', 'name', 'local_day', 'profile_id']
) }}
-- grain: one row per profile, local day and event that it did on that day, only for events that a retention definition
-- names
--
-- It reads the events of the days to build. `retention`, which covers all days, reads these rows instead of events.

with named as (
    select
        project_id,
        arrayJoin([start_event, return_event]) as name
    from {{ source('lens_raw', 'retention_definitions') }} {{ final() }}
)

select distinct
    project_id,
    local_day,
    name,
    profile_id
from {{ ref('events') }}
where {{ in_window('local_day') }} and profile_id != '' and (project_id, name) in (select project_id, name from named)
