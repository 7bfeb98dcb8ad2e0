{#- Swaps exactly the days of the window, each atomically. The adapter's own macro lists partitions from the new rows,
    so a day that became empty would keep its old ones. -#}
{% macro clickhouse__incremental_insert_overwrite(existing_relation, partition_by, is_distributed=False) %}
    {% if is_distributed %}
        {% do exceptions.raise_compiler_error('Days are swapped on local tables; distributed ones are not supported.') %}
    {% endif %}
    {% set fresh = existing_relation.incorporate(
        path={"identifier": existing_relation.identifier ~ '__fresh_' ~ invocation_id.replace('-', '_')}) %}

    {{ drop_relation_if_exists(fresh) }}
    {% call statement('main') %}
        {{ get_create_table_as_sql(False, fresh, sql) }}
    {% endcall %}
    {% call statement('swap_days') %}
        alter table {{ existing_relation }} {{ on_cluster_clause(existing_relation) }}
        {%- for day in window_days() %}
            replace partition '{{ day }}' from {{ fresh }}{{ ',' if not loop.last }}
        {%- endfor %}
        settings allow_replace_partition_from_empty_source = 1
    {% endcall %}
    {% do adapter.drop_relation(fresh) %}
{% endmacro %}
