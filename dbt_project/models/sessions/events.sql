{{ config(partition_by='local_day', order_by=['project_id', 'local_day', 'device_id', 'created_at']) }}
-- grain: one row per event that counts, with its session and the profile it belongs to after stitching

with facts as (
    select * from {{ ref('int_events__sessionized') }}
    where {{ in_window('local_day') }}
),

aliases as (
    select * from {{ ref('int_aliases') }}
),

identities as (
    select * from {{ ref('int_identities') }}
    where (project_id, device_id) in (select project_id, device_id from facts)
),

renamed as (
    select
        facts.*,
        if(aliases.alias = '', facts.profile_id, aliases.profile_id) as own_profile_id
    from facts
    left join aliases on facts.project_id = aliases.project_id and facts.profile_id = aliases.alias
),

-- An event's own profile id wins for that event; else the device's owner at its time.
owned as (
    select
        renamed.*,
        if(own_profile_id != '', own_profile_id, identities.profile_id) as owner_id
    from renamed
    asof left join identities
        on renamed.project_id = identities.project_id
        and renamed.device_id = identities.device_id
        and renamed.created_at >= identities.valid_from
)

select
    project_id,
    local_day,
    hour,
    event_id,
    name,
    device_id,
    device_kind,
    session_id,
    session_day,
    cast(is_session_start as Bool) as is_session_start,
    multiIf(owner_id != '', owner_id, device_id != '', 'device:' || device_id, '') as profile_id,
    cast(owner_id != '' as Bool) as is_identified,
    client_session_id,
    groups,
    created_at,
    received_at,
    cast(name in ('screen_view', 'page_view', 'pageview') as Bool) as is_screen_view,
    path, origin, query, hash, title, referrer, referrer_name, referrer_type,
    utm_source, utm_medium, utm_campaign, utm_term, utm_content, click_id,
    country, region, city, latitude, longitude,
    user_agent, os, os_version, browser, browser_version, device, brand, model, language, screen_width, screen_height,
    revenue, currency, properties, sdk_name, sdk_version, import_id
from owned
