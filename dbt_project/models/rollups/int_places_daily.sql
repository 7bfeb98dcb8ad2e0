{{ config(tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'day', 'country']) }}
-- grain: one row per project, local day and place, of the sessions that started on that day
--
-- It reads `sessions`. It also has the state of its distinct count, which `places_daily` leaves out, so that the API
-- can merge days.

with sessions as (
    select * from {{ ref('sessions') }}
    where {{ in_window('day') }}
)

select
    project_id,
    day,
    country,
    region,
    city,
    {{ session_measures() }}
from sessions
group by
    project_id,
    day,
    country,
    region,
    city,
    {{ unguessable('country, region, city') }}
