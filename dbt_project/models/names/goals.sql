{{ config(tags='folded', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per goal that is defined
--
-- A view over the copy of the registry, so that analysts can show a goal's name. A removed goal has no row.

select
    project_id,
    goal_id,
    name,
    event_name
from {{ source('lens_raw', 'goal_definitions') }} {{ final() }}
