{#- SQL: the array `values` moved on by one place: for each element the one before it, `first` for the first. -#}
{% macro previous_of(values, first) -%}
    arrayPopBack(arrayPushFront({{ values }}, {{ first }}))
{%- endmacro %}
