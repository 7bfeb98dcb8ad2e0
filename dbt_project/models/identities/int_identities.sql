{{ config(
    tags='facts', schema='lens_staging', materialized='table', order_by=['project_id', 'device_id', 'valid_from']
) }}
-- grain: one row per device and stretch of time in which one profile owns it
--
-- It reads all of `int_identity_links`. The first profile to which a device is linked owns it from the beginning of
-- time; from a link to another profile on, the device belongs to that profile. Of links at the same instant the last by
-- event_id counts.

with links as (
    select * from {{ ref('int_identity_links') }}
),

aliases as (
    select * from {{ ref('int_aliases') }}
),

resolved as (
    select
        links.project_id as project_id,
        links.device_id as device_id,
        links.linked_at as linked_at,
        argMax(if(aliases.alias = '', links.profile_id, aliases.profile_id), (toUInt128(links.event_id), links.received_at)) as profile_id
    from links
    left join aliases on links.project_id = aliases.project_id and links.profile_id = aliases.alias
    group by project_id, device_id, linked_at, {{ unguessable('device_id') }}
),

lagged as (
    select
        *,
        lagInFrame(profile_id) over (
            partition by project_id, device_id order by linked_at rows between 1 preceding and current row
        ) as previous_profile_id
    from resolved
),

switches as (
    select
        project_id,
        device_id,
        profile_id,
        if(previous_profile_id = '', toDateTime64('1970-01-01 00:00:00', 3, 'UTC'), linked_at) as valid_from
    from lagged
    where profile_id != previous_profile_id
)

select
    project_id,
    device_id,
    profile_id,
    valid_from,
    leadInFrame(valid_from, 1, toDateTime64('2299-12-31 00:00:00', 3, 'UTC')) over (
        partition by project_id, device_id order by valid_from rows between current row and 1 following
    ) as valid_to
from switches
