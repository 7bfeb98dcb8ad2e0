{{ config(tags='folded', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project
--
-- A view over the copy of the registry, so that analysts can show a project's name, zone and currency.

select
    project_id,
    name,
    timezone,
    currency
from {{ source('lens_raw', 'project_settings') }} {{ final() }}
