-- grain: one row per device and stretch of time in which one profile owns it
with last_of_instant as (
    select
        links.project_id,
        links.device_id,
        links.created_at,
        coalesce(names.profile_id, links.profile_id) as profile_id
    from links
    left join names on names.project_id = links.project_id and names.alias = links.profile_id
    qualify row_number() over (
        partition by links.project_id, links.device_id, links.created_at
        order by event_id desc, received_at desc
    ) = 1
),

changes as (
    select *
    from last_of_instant
    qualify profile_id is distinct from lag(profile_id) over (
        partition by project_id, device_id order by created_at
    )
)

select
    project_id,
    device_id,
    profile_id,
    case
        when row_number() over device = 1 then timestamp '1970-01-01'
        else created_at
    end as valid_from,
    coalesce(lead(created_at) over device, timestamp '2299-12-31') as valid_to
from changes
window device as (partition by project_id, device_id order by created_at)
