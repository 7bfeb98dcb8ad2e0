{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project, local day and event name
--
-- A view of the plain columns of `int_event_names_daily`.

{{ plain_columns_of(ref('int_event_names_daily')) }}
