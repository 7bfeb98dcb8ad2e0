{{ config(tags='folded', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per retention that is defined
--
-- A view over the copy of the registry, so that analysts can show a retention's name. A removed retention has no row.

select
    project_id,
    retention_id,
    name,
    start_event,
    return_event
from {{ source('lens_raw', 'retention_definitions') }} {{ final() }}
