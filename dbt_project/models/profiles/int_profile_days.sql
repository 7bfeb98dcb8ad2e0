{{ config(tags='daily', schema='lens_staging', partition_by='local_day', order_by=['project_id', 'profile_id']) }}
-- grain: one row per profile and local day on which it had an event or a session of it started
--
-- It reads the events and sessions of the days to build; `profiles`, which covers all days, adds up these rows.
-- `group_first_ms` are the instants at which an event of the day first named each group. `is_lasting` says whether the
-- profile can be recognised on another day: it is identified, or its device is not one that the collector derived for a
-- day.

with events as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day') }} and profile_id != ''
),

sessions as (
    select * from {{ ref('sessions') }}
    where {{ in_window('day') }}
),

of_events as (
    select
        project_id,
        local_day,
        profile_id,
        max(events.is_identified) as is_identified,
        max(events.is_identified or device_kind != 'derived') as is_lasting,
        min(created_at) as first_at,
        max(created_at) as last_at,
        count() as event_count,
        sum(events.revenue) as revenue,
        minMap(groups, arrayMap(group_id -> toUnixTimestamp64Milli(created_at), groups)) as group_firsts
    from events
    group by project_id, local_day, profile_id, {{ unguessable('profile_id') }}
),

of_sessions as (
    select
        project_id,
        day,
        profile_id,
        count() as session_count
    from sessions
    group by project_id, day, profile_id, {{ unguessable('profile_id') }}
)

-- A session belongs to the last person who was identified in it, perhaps after midnight. So a profile can have a session
-- that started on a day on which it has no event: days are joined by an outer join.
select
    if(of_events.project_id != '', of_events.project_id, of_sessions.project_id) as project_id,
    if(of_events.project_id != '', of_events.local_day, of_sessions.day) as local_day,
    if(of_events.project_id != '', of_events.profile_id, of_sessions.profile_id) as profile_id,
    of_events.is_identified as is_identified,
    of_events.is_lasting as is_lasting,
    of_events.first_at as first_at,
    of_events.last_at as last_at,
    of_events.event_count as event_count,
    of_events.revenue as revenue,
    of_events.group_firsts.1 as group_ids,
    of_events.group_firsts.2 as group_first_ms,
    of_sessions.session_count as session_count
from of_events
full outer join of_sessions
    on of_events.project_id = of_sessions.project_id
    and of_events.local_day = of_sessions.day
    and of_events.profile_id = of_sessions.profile_id
