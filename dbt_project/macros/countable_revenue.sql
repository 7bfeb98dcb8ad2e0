{#- SQL: the part of an event's revenue that may be added up. What is in another currency than the project's stays in
    `events` and is added up nowhere; a project without a currency takes every amount as it is. Codes are
    compared without case: the collector writes capitals, and did not always. -#}
{% macro countable_revenue(revenue, currency, project_currency) -%}
    if({{ project_currency }} = '' or upper({{ currency }}) in ('', {{ project_currency }}), {{ revenue }}, 0)
{%- endmacro %}
