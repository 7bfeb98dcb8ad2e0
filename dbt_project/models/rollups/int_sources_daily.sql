{{ config(tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'day', 'referrer_name']) }}
-- grain: one row per project, local day and source, of the sessions that started on that day
--
-- It reads `sessions`. It also has the state of its distinct count, which `sources_daily` leaves out, so that the API
-- can merge days.

with sessions as (
    select * from {{ ref('sessions') }}
    where {{ in_window('day') }}
)

select
    project_id,
    day,
    referrer_name,
    referrer_type,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_term,
    utm_content,
    channel,
    {{ session_measures() }}
from sessions
group by
    project_id,
    day,
    referrer_name,
    referrer_type,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_term,
    utm_content,
    channel,
    {{ unguessable('referrer_name, utm_source, utm_medium, utm_campaign, utm_term, utm_content') }}
