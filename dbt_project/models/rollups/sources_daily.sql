{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project, local day and source, of the sessions that started on that day
--
-- A view of the plain columns of `int_sources_daily`.

{{ plain_columns_of(ref('int_sources_daily')) }}
