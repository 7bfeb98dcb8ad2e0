{{ config(tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'day', 'device']) }}
-- grain: one row per project, local day and device, browser and system, of the sessions that started on that day
--
-- It reads `sessions`. It also has the state of its distinct count, which `devices_daily` leaves out, so that the API
-- can merge days.

with sessions as (
    select * from {{ ref('sessions') }}
    where {{ in_window('day') }}
)

select
    project_id,
    day,
    device,
    brand,
    model,
    browser,
    browser_version,
    os,
    os_version,
    {{ session_measures() }}
from sessions
group by
    project_id,
    day,
    device,
    brand,
    model,
    browser,
    browser_version,
    os,
    os_version,
    {{ unguessable('device, brand, model, browser, browser_version, os, os_version') }}
