{{ config(
    tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)',
    order_by=['project_id', 'is_week', 'day', 'path', 'previous_day'],
    meta={'reach_before': 6, 'reach_after': 'last_day', 'computes_closed_days': true}
) }}
-- depends_on: {{ ref('int_session_days') }}
-- grain: one row per project, span of days, path and day of the visitors' previous visit (1970-01-01: none)
--
-- It has all that a question about pages reads. A span is one day or, if `is_week`, the days of a week of the month; `day` is
-- its first day. So 90 days are 15 weeks, and most of any month is 3 or 4 of them.
--
-- Views and their sums are in the rows without a previous visit. Visits, entries and exits are in the row of the day on which
-- their devices had been on the page, had entered by it or had left by it last. A previous day within the week becomes the
-- first day of the week: both say that the visitor counts already in a period that has the whole week.

with days as (
    select
        project_id,
        day,
        path,
        toDate(0) as previous_day,
        views,
        seconds,
        timed_views,
        sessions,
        continued_sessions,
        unique_visitors,
        0 as visits,
        0 as entries,
        0 as entry_bounces,
        0 as exits,
        0 as exit_bounces
    from {{ ref('int_pages_daily') }}
    where {{ in_window('day', after=6) }}
    union all
    select
        project_id,
        day,
        texts[1],
        previous_day,
        0, 0, 0, 0, 0, 0,
        if(dimension = 'path', visits, 0),
        if(dimension = 'entry_pages', visits, 0),
        if(dimension = 'entry_pages', bounces, 0),
        if(dimension = 'exit_pages', visits, 0),
        if(dimension = 'exit_pages', bounces, 0)
    from {{ ref('int_value_visits') }}
    where {{ in_window('day', after=6) }} and dimension in ('path', 'entry_pages', 'exit_pages')
),

spans as (
    select
        *,
        span.1 as is_week,
        span.2 as first_day
    from days
    array join [(false, day), (true, {{ week_of_month('day') }})] as span
    where {{ in_window('first_day') }}
)

select
    project_id,
    is_week,
    first_day as day,
    path,
    least(spans.previous_day, first_day) as previous_day,
    toUInt32(sum(spans.views)) as views,
    sum(spans.seconds) as seconds,
    toUInt32(sum(spans.timed_views)) as timed_views,
    toUInt32(sum(spans.sessions)) as sessions,
    toUInt32(sum(spans.continued_sessions)) as continued_sessions,
    toUInt32(sumIf(spans.continued_sessions, spans.day = first_day)) as continued_on_first_day,
    toUInt32(sum(spans.unique_visitors)) as daily_visitors,
    toUInt32(sum(spans.visits)) as visits,
    -- Equal to `daily_visitors`, unless the visits have expired.
    toUInt32(sumIf(spans.visits, spans.previous_day < spans.day)) as first_visits_of_days,
    toUInt32(sum(spans.entries)) as entries,
    toUInt32(sum(spans.entry_bounces)) as entry_bounces,
    toUInt32(sum(spans.exits)) as exits,
    toUInt32(sum(spans.exit_bounces)) as exit_bounces
from spans
group by project_id, is_week, first_day, path, previous_day, {{ unguessable('path') }}
