{{ config(tags='daily', materialized='view', sql_security='definer', definer='CURRENT_USER') }}
-- grain: one row per project, local day and place, of the sessions that started on that day
--
-- A view of the plain columns of `int_places_daily`.

{{ plain_columns_of(ref('int_places_daily')) }}
