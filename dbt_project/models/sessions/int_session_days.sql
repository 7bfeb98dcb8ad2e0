{{ config(
    tags='daily', schema='lens_staging', partition_by='local_day', order_by=['project_id', 'local_day', 'session_id'],
    meta={'computes_closed_days': true}
) }}
-- grain: one row per session and local day with events of the session
--
-- It reads events and sessions. Questions by a column of sessions read this table instead of the events, in an eighth of
-- the rows: it has the sums of the session's events of the day, and every column of `sessions` that a question can name,
-- so that a filter needs no join. Devices and people are hashes, which are counted faster than texts.

with events as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day') }} and session_id != 0
),

-- A session ends on the day after its first one at the latest.
visits as (
    select * from {{ ref('sessions') }}
    where {{ in_window('day', before=1) }}
),

summed as (
    select
        project_id,
        local_day,
        session_id,
        any(sipHash64(device_id)) as device_hash,
        groupUniqArrayIf(sipHash64(profile_id), profile_id != '') as people_of_day,
        max(is_identified or device_kind != 'derived') as is_lasting,
        toUInt64(countIf(is_screen_view)) as views_of_day,
        count() as events_of_day,
        sum(events.revenue) as revenue_of_day
    from events
    group by project_id, local_day, session_id
)

select
    summed.*,
    visits.day = summed.local_day as is_first_day,
    {% for column in [
        'referrer', 'referrer_name', 'referrer_type', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_term',
        'utm_content', 'click_id', 'channel', 'country', 'region', 'city', 'os', 'os_version', 'browser',
        'browser_version', 'device', 'brand', 'model', 'entry_path', 'exit_path', 'duration_seconds',
        'screen_view_count', 'event_count', 'is_bounce',
    ] %}
    visits.{{ column }} as {{ column }}{{ '' if loop.last else ',' }}
    {% endfor %}
from summed
inner join visits on summed.project_id = visits.project_id and summed.session_id = visits.session_id
