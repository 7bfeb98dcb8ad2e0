{#- SQL: of the rows with one key, only the one written last. It is a macro so that a unit test can leave it out, since the
    inputs of a unit test are not tables. -#}
{% macro final() -%}
    final
{%- endmacro %}
