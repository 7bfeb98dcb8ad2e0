{#- SQL: the measures of `rows_below`, which are rows of shorter periods, added up. It is for the select list of metrics_daily,
    metrics_weekly and metrics_monthly. -#}
{% macro merged_metrics() -%}
    uniqExactMerge(rows_below.unique_visitors_state) as unique_visitors,
    uniqExactMerge(rows_below.people_state) as people,
    sum(rows_below.sessions) as sessions,
    sum(rows_below.screen_views) as screen_views,
    sum(rows_below.events) as events,
    sum(rows_below.bounces) as bounces,
    sum(rows_below.duration_seconds) as duration_seconds,
    sum(rows_below.revenue) as revenue
{%- endmacro %}
