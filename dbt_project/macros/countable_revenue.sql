{#- SQL: the part of an event's revenue that may be added up: amounts in the project's currency, and amounts without one. All other
    amounts stay in `events` and are in no sum, also if the project has no currency, so no sum mixes currencies. Case does not
    matter: the collector writes codes in capitals now, but did not always. -#}
{% macro countable_revenue(revenue, currency, project_currency) -%}
    if(upper({{ currency }}) in ('', {{ project_currency }}), {{ revenue }}, 0)
{%- endmacro %}


{#- SQL: the currency of an event whose revenue is in no sum; empty for all others. -#}
{% macro left_out_currency(revenue, currency, project_currency) -%}
    if({{ revenue }} = 0 or upper({{ currency }}) in ('', {{ project_currency }}), '', upper({{ currency }}))
{%- endmacro %}
