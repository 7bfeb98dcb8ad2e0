{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project, local day and path that was viewed
--
-- A view of the plain columns of `int_pages_daily`.

{{ plain_columns_of(ref('int_pages_daily')) }}
