{{ config(tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'day', 'country']) }}
-- grain: one row per project, local day and place, of the sessions that started that day

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
