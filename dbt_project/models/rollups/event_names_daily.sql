{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project, local day and event name

{{ plain_columns_of(ref('int_event_names_daily')) }}
