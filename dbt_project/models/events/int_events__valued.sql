{{ config(tags='daily', materialized='view', schema='lens_staging') }}
-- grain: one row per event that counts, with the columns that rollups need and the revenue that they may add up
--
-- A view over `events`, so that every rollup adds up the same revenue.

with events as (
    select * from {{ ref('events') }}
),

{{ valued() }}
