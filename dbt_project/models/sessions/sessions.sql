{{ config(tags='daily', partition_by='day', order_by=['project_id', 'day', 'device_id', 'started_at']) }}
-- grain: one row per session, on the local day on which it started
--
-- It reads the events of the days to build and of the day after them, on which a session can end. The source, device
-- and place of a session are those of its first event.

with events as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day', after=1) }} and {{ in_window('session_day') }} and session_id != 0
),

first_events as (
    select * from {{ ref('events') }}
    where {{ in_window('local_day') }} and is_session_start
),

{{ sessions_of_events() }}
