{{ config(tags='facts', schema='lens_staging', partition_by='local_day', order_by=['project_id', 'device_id']) }}
-- grain: one row per device and local day, with the profiles that its events named
--
-- It reads `int_events__sessionized`. `int_owner_changes` finds here on which days a change of a device's owner
-- matters.

select
    project_id,
    local_day,
    device_id,
    min(created_at) as first_at,
    max(created_at) as last_at,
    {{ distinct_texts('profile_id', "profile_id != ''") }} as profile_ids
from {{ ref('int_events__sessionized') }}
where {{ in_window('local_day') }}
group by project_id, local_day, device_id, {{ unguessable('device_id') }}
