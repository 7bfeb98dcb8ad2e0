-- Rows in = rows out, for every project and tested day: what one table counts, the tables made from it hold. The rollups
-- are asked beneath their public views: a view reads with its definer's settings, and so also what a build leaves out.
{{ config(meta={'dagster': {'ref': {'name': 'events'}}}) }}
{% set facts = last_published('lens_staging', 'int_events__sessionized') %}

with events as (
    select * from {{ ref('events') }}
    where {{ in_tested_days('local_day') }}
),

sessions as (
    select * from {{ ref('sessions') }}
    where {{ in_tested_days('day') }}
),

counted as (
    select 'events' as layer, project_id, local_day as day, 1 as rows_in, 0 as rows_out from {{ facts }}
    where {{ in_tested_days('local_day') }}
    union all
    select 'events', project_id, local_day, 0, 1 from events

    union all
    select arrayJoin(['metrics_hourly', 'metrics_daily', 'event_names_daily']), project_id, local_day, 1, 0 from events
    union all
    select 'metrics_hourly', project_id, day, 0, events from {{ ref('int_metrics_hourly') }}
    where {{ in_tested_days('day') }}
    union all
    select 'metrics_daily', project_id, day, 0, events from {{ ref('int_metrics_daily') }}
    where {{ in_tested_days('day') }}
    union all
    select 'event_names_daily', project_id, day, 0, events from {{ ref('int_event_names_daily') }}
    where {{ in_tested_days('day') }}

    union all
    select 'pages_daily', project_id, local_day, 1, 0 from events where is_screen_view
    union all
    select 'pages_daily', project_id, day, 0, views from {{ ref('int_pages_daily') }}
    where {{ in_tested_days('day') }}

    union all
    select 'int_profile_days', project_id, local_day, 1, 0 from events where profile_id != ''
    union all
    select 'int_profile_days', project_id, local_day, 0, event_count from {{ ref('int_profile_days') }}
    where {{ in_tested_days('local_day') }}

    union all
    select 'sessions', project_id, session_day, 1, 0 from {{ ref('events') }}
    where {{ in_tested_days('session_day') }} and {{ in_tested_days('local_day', after=1) }} and session_id != 0
    union all
    select 'sessions', project_id, day, 0, event_count from sessions

    {%- for layer in ['sources_daily', 'devices_daily', 'places_daily', 'entry_pages_daily', 'exit_pages_daily'] %}
    union all
    select '{{ layer }}', project_id, day, 1, 0 from sessions
    {{- ' where screen_view_count > 0' if 'pages' in layer }}
    union all
    select '{{ layer }}', project_id, day, 0, sessions from {{ ref('int_' ~ layer) }}
    where {{ in_tested_days('day') }}
    {%- endfor %}
)

select layer, project_id, day, sum(counted.rows_in) as rows_in, sum(counted.rows_out) as rows_out
from counted
group by layer, project_id, day
having rows_in != rows_out
