{{ config(tags='folded', materialized='table', schema='lens_staging', order_by=['project_id', 'alias']) }}
-- grain: one row per alias, as the public tables were built with

select
    project_id,
    alias,
    profile_id
from {{ ref('int_aliases') }}
