{{ config(tags='facts') }}
-- grain: one row per zone and instant from which its clocks are offset_seconds ahead of UTC
--
-- A view over the offsets that are written at the start of a build, because ClickHouse cannot take a time zone from a
-- column.

select
    zone,
    from_utc,
    offset_seconds
from {{ source('lens_raw', 'zone_offsets') }} {{ final() }}
