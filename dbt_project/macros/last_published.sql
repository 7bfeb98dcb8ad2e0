{#- The table `name` of `schema` as the last build left it, or none before the first build. It is for models that compare with
    the rows that readers see now. It is not a `ref`, because the table itself is built later in the same build. -#}
{% macro last_published(schema, name) -%}
    {{ return(adapter.get_relation(database='', schema=schema, identifier=name) if execute else none) }}
{%- endmacro %}
