-- grain: one row per event that counts, with the profile it belongs to
select
    device_events.* exclude (profile_id),
    case
        when device_events.profile_id <> '' then coalesce(names.profile_id, device_events.profile_id)
        when device_events.device_id = '' then ''
        else coalesce(identities.profile_id, 'device:' || device_events.device_id)
    end as profile_id,
    device_events.profile_id <> '' or identities.profile_id is not null as is_identified
from device_events
left join names on names.project_id = device_events.project_id and names.alias = device_events.profile_id
left join identities
    on identities.project_id = device_events.project_id
    and identities.device_id = device_events.device_id
    and identities.valid_from <= device_events.created_at
    and identities.valid_to > device_events.created_at
