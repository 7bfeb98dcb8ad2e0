{#- SQL: the calendar date at `moment` (DateTime64 in UTC) where clocks are `offset_seconds` ahead of UTC. -#}
{% macro local_day(moment, offset_seconds) -%}
    toDate(addSeconds({{ moment }}, {{ offset_seconds }}))
{%- endmacro %}


{#- SQL: the UTC instant at which the local hour of `moment` starts. -#}
{% macro local_hour(moment, offset_seconds) -%}
    toDateTime(
        intDiv(toUnixTimestamp64Second({{ moment }}) + {{ offset_seconds }}, 3600) * 3600 - {{ offset_seconds }}, 'UTC')
{%- endmacro %}
