{#- SQL: for each element of the array `values` the element before it; `first` for the first element. -#}
{% macro previous_of(values, first) -%}
    arrayPopBack(arrayPushFront({{ values }}, {{ first }}))
{%- endmacro %}
