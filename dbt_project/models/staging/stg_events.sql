{{ config(tags='facts') }}
-- grain: one row per landed event, including duplicates and bots, with the settings of its project
--
-- A view over the raw events, which adds local times and applies the project's rules for bots. A project that is not in
-- the settings has UTC and sessions of 30 minutes. Conditions on `day` and `created_at` are passed on to the raw table.

with events as (
    select * from {{ source('lens_raw', 'events') }}
),

projects as (
    select * from {{ ref('stg_projects') }}
),

zone_offsets as (
    select * from {{ ref('stg_zone_offsets') }}
),

with_settings as (
    select
        events.*,
        projects.timezone as timezone,
        projects.allowed_bots as allowed_bots,
        if(projects.project_id = '', 1800, projects.session_timeout_seconds) as session_timeout_seconds
    from events
    left join projects on events.project_id = projects.project_id
)

select
    with_settings.* except (timezone, allowed_bots, is_bot, device_kind),
    toLowCardinality(device_kind) as device_kind,
    {{ is_bot_now('is_bot', 'bot_reason', 'allowed_bots') }} as is_bot,
    {{ local_day('created_at', 'offset_seconds') }} as local_day,
    {{ local_hour('created_at', 'offset_seconds') }} as hour
from with_settings
asof left join zone_offsets
    on with_settings.timezone = zone_offsets.zone and with_settings.created_at >= zone_offsets.from_utc
