{{ config(tags='facts') }}
-- grain: one row per project whose settings were copied at the start of the build
--
-- A view of the settings that models read, over the copy of the registry.

select
    project_id,
    timezone,
    currency,
    session_timeout_seconds,
    duplicate_window_ms,
    allowed_bots
from {{ source('lens_raw', 'project_settings') }} {{ final() }}
