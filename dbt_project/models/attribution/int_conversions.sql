{{ config(
    tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)',
    order_by=['project_id', 'profile_id', 'converted_at'],
    query_settings=judged_in_small_blocks()
) }}
-- grain: one row per conversion, which is an event that fits a goal, on the event's local day
--
-- It reads the events of the days to build and the definitions of goals. The conversions are stored so that
-- `attribution`, which rebuilds a month after a late event, need not search events for them.
{% set definitions = source('lens_raw', 'goal_definitions') ~ ' final' %}
{% set fields = named_fields('event', 'select arrayJoin(' ~ names_in_filters('filters') ~ ') from ' ~ definitions) %}

with goals as (
    select
        project_id,
        goal_id,
        event_name,
        {{ parsed_filters('filters', fields) }} as filters_parsed
    from {{ definitions }}
),

projects as (
    select * from {{ ref('stg_projects') }}
),

events as (
    select
        project_id,
        local_day,
        event_id,
        received_at,
        created_at,
        profile_id,
        name,
        revenue,
        currency,
        {{ field_texts(fields) }} as texts
    from {{ ref('events') }}
    where {{ in_window('local_day') }}
        and profile_id != ''
        and name in (select event_name from goals)
)

select
    events.project_id as project_id,
    events.local_day as day,
    goals.goal_id as goal_id,
    events.event_id as conversion_id,
    events.received_at as received_at,
    events.created_at as converted_at,
    events.profile_id as profile_id,
    {{ countable_revenue('events.revenue', 'events.currency', 'projects.currency') }} as revenue
from events
inner join goals on events.project_id = goals.project_id and events.name = goals.event_name
left join projects on events.project_id = projects.project_id
where {{ fits_filters('goals.filters_parsed', 'events.texts') }}
