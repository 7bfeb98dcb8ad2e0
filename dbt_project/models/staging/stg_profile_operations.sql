{{ config(tags='facts') }}
-- grain: one row per landed profile operation, including duplicates and bots, with its local day
--
-- A view over the raw operations, which applies the project's zone and its rules for bots.

with operations as (
    select * from {{ source('lens_raw', 'profile_operations') }}
),

projects as (
    select * from {{ ref('stg_projects') }}
),

zone_offsets as (
    select * from {{ ref('stg_zone_offsets') }}
),

with_settings as (
    select
        operations.*,
        projects.timezone as timezone,
        projects.allowed_bots as allowed_bots
    from operations
    left join projects on operations.project_id = projects.project_id
)

select
    with_settings.* except (timezone, allowed_bots, is_bot),
    {{ is_bot_now('is_bot', 'bot_reason', 'allowed_bots') }} as is_bot,
    {{ local_day('created_at', 'offset_seconds') }} as local_day
from with_settings
asof left join zone_offsets
    on with_settings.timezone = zone_offsets.zone and with_settings.created_at >= zone_offsets.from_utc
