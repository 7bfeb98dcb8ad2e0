{{ config(tags='folded', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per funnel that is defined
--
-- A view over the copy of the registry, so that analysts can show a funnel's name. A removed funnel has no row.

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
