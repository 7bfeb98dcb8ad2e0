{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project, local day and path on which sessions of that day ended
--
-- A view of the plain columns of `int_exit_pages_daily`.

{{ plain_columns_of(ref('int_exit_pages_daily')) }}
