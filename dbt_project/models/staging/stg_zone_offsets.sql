{{ config(tags='facts') }}
-- grain: one row per zone and instant from which its clocks are offset_seconds ahead of UTC

select
    zone,
    from_utc,
    offset_seconds
from {{ source('lens_raw', 'zone_offsets') }} {{ final() }}
