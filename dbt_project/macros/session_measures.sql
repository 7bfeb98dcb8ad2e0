{#- SQL: the measures of a rollup of `sessions`, for its select list. -#}
{% macro session_measures() -%}
    count() as sessions,
    uniqExact(device_id) as unique_visitors,
    toUInt64(countIf(is_bounce)) as bounces,
    sum(sessions.duration_seconds) as duration_seconds,
    sum(screen_view_count) as screen_views,
    sum(event_count) as events,
    sum(sessions.revenue) as revenue,
    uniqCombined64State(device_id) as unique_visitors_state
{%- endmacro %}
