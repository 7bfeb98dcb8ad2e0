{{ config(tags='folded', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project

select
    project_id,
    name,
    timezone,
    currency
from {{ source('lens_raw', 'project_settings') }} {{ final() }}
