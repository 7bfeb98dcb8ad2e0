{{ config(tags='folded', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per retention that is defined

select
    project_id,
    retention_id,
    name,
    start_event,
    return_event
from {{ source('lens_raw', 'retention_definitions') }} {{ final() }}
