{#- SQL: the first day of the week of the month that the Date `day` is in. The weeks begin on the days 1, 8, 15, 22 and 29 of
    each month, so that none of them lies in two months. -#}
{% macro week_of_month(day) -%}
    ({{ day }} - (toDayOfMonth({{ day }}) - 1) % 7)
{%- endmacro %}
