{#- Swaps exactly the days of the window, each atomically. The adapter's own macro lists partitions from the new rows, so a
    day that became empty would keep its old ones.

    Rows of projects that the build leaves out are copied unchanged. Small tables are partitioned by month, because every
    partition is a folder with files. For such a table, the other days of the month are copied unchanged, and the month is
    swapped. -#}
{% macro clickhouse__incremental_insert_overwrite(existing_relation, partition_by, is_distributed=False) %}
    {% if is_distributed %}
        {% do exceptions.raise_compiler_error('Days are swapped on local tables; distributed ones are not supported.') %}
    {% endif %}
    {% set days = window_days() %}
    {% set month_of = modules.re.match('^toYYYYMM[(]([a-z_]+)[)]$', partition_by) %}
    {% set fresh_name = existing_relation.identifier ~ '__fresh_' %}
    {% set fresh = existing_relation.incorporate(
        path={"identifier": fresh_name ~ invocation_id.replace('-', '_')}) %}
    {% set columns = assert_same_columns(existing_relation, sql) %}
    {% set kept = kept_projects(columns) %}
    {#- Tables that a killed run left behind. #}
    {% set left = run_query(
        "select name from system.tables where database = '" ~ existing_relation.schema
        ~ "' and startsWith(name, '" ~ fresh_name ~ "')") %}
    {% for row in left.rows %}
        {% do adapter.drop_relation(existing_relation.incorporate(path={"identifier": row[0]})) %}
    {% endfor %}
    {% call statement('create_fresh') %}
        create table {{ fresh }} {{ on_cluster_clause(fresh) }} as {{ existing_relation }}
        {{ engine_clause() }} {{ order_cols(label='order by') }} {{ partition_cols(label='partition by') }}
        {{ adapter.get_model_settings(model, config.get('engine')) }}
    {% endcall %}
    {% call statement('main') %}
        {{ insert_in_chunks(fresh, columns, sql) }}
    {% endcall %}
    {% set closed = carried_days() %}
    {% if month_of %}
        {% call statement('keep_other_days') %}
            insert into {{ fresh }}
            select * from {{ existing_relation }}
            where {{ partition_by }} in ({{ months_of(days) | join(', ') }})
                and (
                    not ({{ in_days(month_of.group(1), 0, 0, days) }})
                    {{ 'or ' ~ kept if kept }} {{ 'or ' ~ closed if closed }}
                )
            settings additional_table_filters = {}
        {% endcall %}
    {% elif closed %}
        {#- Only of projects that the build includes: the filter on this statement hides all others. #}
        {% call statement('keep_closed_days') %}
            insert into {{ fresh }}
            select * from {{ existing_relation }}
            where {{ in_days(partition_by, 0, 0, days) }} and {{ closed }}
            settings max_partitions_per_insert_block = 0
        {% endcall %}
    {% endif %}
    {% if kept and not month_of %}
        {% do keep_rows(existing_relation, fresh, columns, in_days(partition_by, 0, 0, days)) %}
    {% endif %}
    {% do wait_for_replicas(fresh) %}
    {% call statement('swap_days') %}
        alter table {{ existing_relation }} {{ on_cluster_clause(existing_relation) }}
        {%- for partition in (months_of(days) if month_of else days) %}
            replace partition '{{ partition }}' from {{ fresh }}{{ ',' if not loop.last }}
        {%- endfor %}
        settings allow_replace_partition_from_empty_source = 1
    {% endcall %}
    {% do adapter.drop_relation(fresh) %}
{% endmacro %}
