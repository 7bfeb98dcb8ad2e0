{{ config(tags='daily', materialized='view', schema='lens_staging') }}
-- grain: one row per event that counts, with what rollups need of it and the revenue they may add up

with events as (
    select * from {{ ref('events') }}
),

{{ valued() }}
