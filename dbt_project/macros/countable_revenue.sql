{#- SQL: the part of an event's revenue that may be added up. An amount in another currency than the project's stays in `events`
    and is in no sum; for a project without a currency, every amount counts. Case does not matter: the collector writes codes
    in capitals now, but did not always. -#}
{% macro countable_revenue(revenue, currency, project_currency) -%}
    if({{ project_currency }} = '' or upper({{ currency }}) in ('', {{ project_currency }}), {{ revenue }}, 0)
{%- endmacro %}
