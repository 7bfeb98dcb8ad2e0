{#- The table `name` of `schema` as the last build left it, or none before the first: for models that compare with what
    readers see now. It is no `ref`, because the table itself is built later in the same build. -#}
{% macro last_published(schema, name) -%}
    {{ return(adapter.get_relation(database='', schema=schema, identifier=name) if execute else none) }}
{%- endmacro %}
