{{ config(
    tags='daily', schema='lens_staging', partition_by='local_day', order_by=['project_id', 'local_day', 'session_id'],
    meta={'computes_closed_days': true}
) }}
-- grain: one row per session and local day with events of the session
--
-- It reads events and sessions. Questions by a column of sessions read this table instead of the events, in an eighth of
-- the rows: it has the sums of the session's events of the day, and every column of `sessions` that a question can name,
-- so that a filter needs no join. Devices and people are hashes, which are counted faster than texts.
--
-- The arrays `event_...` have an item for each event of the row, in order. Questions about pages and funnels read them: a
-- session's events are together, so nothing is grouped or sorted. `event_offsets` are the milliseconds since the row's first
-- event, at `first_moment`: half the bytes of instants. `next_moment` is the session's first event on the next day, 0 if
-- there is none.

with events as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day') }} and session_id != 0
),

-- A session ends on the day after its first one at the latest.
visits as (
    select * from {{ ref('sessions') }}
    where {{ in_window('day', before=1) }}
),

-- Of sessions that go on after midnight, the first event of their second day.
continued as (
    select project_id, session_id, session_day, min(toUnixTimestamp64Milli(created_at)) as next_moment
    from {{ ref('int_events__valued') }}
    where {{ in_window('local_day', after=1) }} and session_id != 0 and local_day > session_day
    group by project_id, session_id, session_day
),

gathered as (
    select
        project_id,
        local_day,
        session_id,
        any(sipHash64(device_id)) as device_hash,
        groupUniqArrayIf(sipHash64(profile_id), profile_id != '') as people_of_day,
        max(is_identified or device_kind != 'derived') as is_lasting,
        toUInt64(countIf(is_screen_view)) as views_of_day,
        count() as events_of_day,
        sum(events.revenue) as revenue_of_day,
        arraySort(groupArray((position, name, is_screen_view, path, sipHash64(profile_id), revenue))) as in_order
    from events
    group by project_id, local_day, session_id
),

summed as (
    select
        gathered.* except (in_order),
        continued.next_moment as next_moment,
        cast(in_order.2, 'Array(LowCardinality(String))') as event_names,
        toUnixTimestamp64Milli(in_order.1[1].1) as first_moment,
        arrayMap(position -> toUInt32(toUnixTimestamp64Milli(position.1) - first_moment), in_order.1) as event_offsets,
        in_order.3 as event_are_views,
        cast(in_order.4, 'Array(LowCardinality(String))') as event_paths,
        in_order.5 as event_people,
        in_order.6 as event_revenues
    from gathered
    left join continued
        on gathered.project_id = continued.project_id
        and gathered.session_id = continued.session_id
        and gathered.local_day = continued.session_day
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
