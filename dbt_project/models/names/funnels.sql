{{ config(tags='folded', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per funnel that is defined

select
    project_id,
    funnel_id,
    name,
    step_names,
    window_seconds,
    counted_by,
    step_order,
    breakdown
from {{ source('lens_raw', 'funnel_definitions') }} {{ final() }}
