{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project and local hour with events
--
-- A view of the plain columns of `int_metrics_hourly`.

{{ plain_columns_of(ref('int_metrics_hourly')) }}
