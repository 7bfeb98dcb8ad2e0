{{ config(tags='folded', materialized='table', schema='lens_staging', order_by=['project_id', 'alias']) }}
-- grain: one row per alias, with the profile for which the public tables were built
--
-- A copy of `int_aliases` from the end of the last build, with which `int_owner_changes` compares the new aliases.

select
    project_id,
    alias,
    profile_id
from {{ ref('int_aliases') }}
