{#- SQL: whether a session with these counts is a bounce, by the variable `bounce_rule`. -#}
{% macro is_bounce(screen_view_count, event_count) -%}
    {{ screen_view_count }} = 1{{ ' and ' ~ event_count ~ ' = 1' if var('bounce_rule') == 'engagement' }}
{%- endmacro %}
