{#- Databases are named as configured (lens, lens_staging), whatever the target. If there are several shards, a build writes the
    tables of `lens` to another database, because there `lens` spans all shards. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set name = (custom_schema_name or target.schema) | trim -%}
    {{ env_var('EVENTLENS_DBT_LENS', 'lens') if name == 'lens' else name }}
{%- endmacro %}
