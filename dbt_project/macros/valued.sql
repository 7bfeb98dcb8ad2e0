{#- SQL: the rest of a statement that has a CTE `events`. It gives one row per event: the columns that rollups need, its
    `position` in the order of events, in `revenue` the part of its revenue that may be added up, and in `left_out_currency` the
    currency of an amount that may not. -#}
{% macro valued() -%}
projects as (
    select * from {{ ref('stg_projects') }}
)

select
    events.project_id as project_id,
    events.local_day as local_day,
    events.hour as hour,
    events.name as name,
    events.device_id as device_id,
    events.device_kind as device_kind,
    events.session_id as session_id,
    events.session_day as session_day,
    events.profile_id as profile_id,
    events.is_identified as is_identified,
    events.client_session_id as client_session_id,
    events.groups as groups,
    events.created_at as created_at,
    (events.created_at, toUInt128(events.event_id), events.received_at) as position,
    events.is_screen_view as is_screen_view,
    events.path as path,
    {{ countable_revenue('events.revenue', 'events.currency', 'projects.currency') }} as revenue,
    {{ left_out_currency('events.revenue', 'events.currency', 'projects.currency') }} as left_out_currency
from events
left join projects on events.project_id = projects.project_id
{%- endmacro %}
