{#- SQL: the measures of finer rows added up, for the select list of metrics_daily, _weekly and _monthly. -#}
{% macro merged_metrics() -%}
    uniqExactMerge(finer.unique_visitors_state) as unique_visitors,
    uniqExactMerge(finer.people_state) as people,
    sum(finer.sessions) as sessions,
    sum(finer.screen_views) as screen_views,
    sum(finer.events) as events,
    sum(finer.bounces) as bounces,
    sum(finer.duration_seconds) as duration_seconds,
    sum(finer.revenue) as revenue,
    uniqExactMergeState(finer.unique_visitors_state) as unique_visitors_state,
    uniqExactMergeState(finer.people_state) as people_state
{%- endmacro %}
