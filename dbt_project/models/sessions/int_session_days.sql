{{ config(
    tags='daily', schema='lens_staging', partition_by='local_day', order_by=['project_id', 'local_day', 'session_id']
) }}
-- grain: one row per session and local day with events of it
--
-- What questions by a session's dimension need of events, in an eighth of the rows. Devices and people are hashes, which
-- are counted faster than texts.

with events as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day') }} and session_id != 0
)

select
    project_id,
    local_day,
    session_id,
    any(sipHash64(device_id)) as device,
    groupUniqArrayIf(sipHash64(profile_id), profile_id != '') as people_of_day,
    max(is_identified or device_kind != 'derived') as is_lasting,
    toUInt64(countIf(is_screen_view)) as views_of_day,
    count() as events_of_day,
    sum(events.revenue) as revenue_of_day
from events
group by project_id, local_day, session_id
