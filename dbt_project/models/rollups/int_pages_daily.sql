{{ config(tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)', order_by=['project_id', 'day', 'path']) }}
-- grain: one row per project, local day and path that was viewed
--
-- It reads `int_session_days`, where the events of each session are in order, and the views without a session. A view
-- counts on its own day. A page has few visitors a day, so the API counts their hashes: that takes half the time of merging
-- states of distinct counts. The sessions of several days are the sum of `sessions`, less `continued_sessions` of all days
-- but the first.

with session_days as (
    select * from {{ ref('int_session_days') }}
    where {{ in_window('local_day') }} and views_of_day > 0
),

unbound as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day') }} and device_id = '' and is_screen_view
),

-- The pages that sessions had seen before midnight and can see again after it.
seen_before as (
    select distinct
        project_id,
        session_id,
        arrayJoin(arrayFilter((path, is_view) -> is_view, event_paths, event_are_views)) as path
    from {{ ref('int_session_days') }}
    where {{ in_window('local_day', before=1) }} and is_first_day and next_moment != 0
),

-- The columns `views_...` have an item for each view of the session's day.
viewed as (
    select
        *,
        arrayMap(event_offset -> first_moment + event_offset, event_offsets) as event_moments,
        arrayPushBack(arrayPopFront(event_moments), next_moment) as next_moments,
        arrayFilter((path, is_view) -> is_view, event_paths, event_are_views) as view_paths,
        arrayFilter((moment, is_view) -> is_view, event_moments, event_are_views) as view_moments,
        arrayFilter((moment, is_view) -> is_view, next_moments, event_are_views) as view_next_moments,
        arrayEnumerateUniq(view_paths) as views_of_path,
        is_first_day or screen_view_count = views_of_day as has_entry
    from session_days
),

views as (
    select
        project_id,
        local_day,
        path,
        device_hash,
        place = 1 and has_entry as is_entry,
        is_bounce,
        view_of_path = 1 as is_session,
        is_session and not is_first_day and (project_id, session_id, path) in (seen_before) as is_continued,
        next_moment_of_view != 0 as has_next,
        -- A clock that goes back over midnight has events of the next day before those of this one.
        if(has_next, greatest(next_moment_of_view - moment, 0), 0) as shown_ms
    from viewed
    array join
        view_paths as path,
        view_moments as moment,
        view_next_moments as next_moment_of_view,
        views_of_path as view_of_path,
        arrayEnumerate(view_paths) as place
    union all
    select project_id, local_day, path, 0, false, false, false, false, false, 0 from unbound
),

counted as (
    select
        project_id,
        local_day as day,
        path,
        count() as views,
        groupUniqArrayIf(device_hash, device_hash != 0) as all_visitors,
        toUInt64(countIf(is_session)) as sessions,
        toUInt64(countIf(is_continued)) as continued_sessions,
        toUInt64(countIf(is_entry)) as entries,
        toUInt64(countIf(is_entry and is_bounce)) as bounces,
        sum(shown_ms) / 1000 as seconds,
        toUInt64(countIf(has_next)) as timed_views
    from views
    group by project_id, day, path, {{ unguessable('path') }}
)

select
    project_id,
    day,
    path,
    views,
    length(all_visitors) as unique_visitors,
    sessions,
    continued_sessions,
    entries,
    bounces,
    seconds,
    timed_views,
    -- Of more visitors one of 2, 4, 8, ... is kept, by the last bits of the hash, so that a row stays under 2 MB.
    toUInt8(greatest(0, ceil(log2(unique_visitors / {{ most_visitors_kept() }})))) as halvings,
    if(halvings = 0, all_visitors, {{ sampled('all_visitors', 'halvings') }}) as visitors
from counted
