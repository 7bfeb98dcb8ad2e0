{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project, local day and path on which sessions of that day ended

{{ plain_columns_of(ref('int_exit_pages_daily')) }}
