{#- Databases are named as configured (lens, lens_staging), whatever the target. On a shard of several the tables of `lens`
    are in another database, because `lens` spans the shards there. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set name = (custom_schema_name or target.schema) | trim -%}
    {{ env_var('EVENTLENS_DBT_LENS', 'lens') if name == 'lens' else name }}
{%- endmacro %}
