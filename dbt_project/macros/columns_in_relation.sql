{#- The columns of a table as a query over it names them. system.columns prints `JSON(max_dynamic_paths=128)`, a query
    `JSON(max_dynamic_paths = 128)`: without this every incremental run would see a changed column. Temporary tables, which
    unit tests make, are in no database. -#}
{% macro clickhouse__get_columns_in_relation(relation) -%}
    {% call statement('get_columns', fetch_result=True) %}
        select
            name,
            if(startsWith(type, 'JSON('), replaceAll(type, '=', ' = '), type) as type
        from system.columns
        where database = '{{ '' if relation.is_temporary else relation.schema }}' and table = '{{ relation.identifier }}'
        order by position
    {% endcall %}
    {{ return(sql_convert_columns_in_relation(load_result('get_columns').table)) }}
{%- endmacro %}
