{#- On a cluster: waits until every replica holds all rows of `relation`. A statement ON CLUSTER is done by the replica that takes
    it up first. If that replica does not hold the rows of a table yet, swapping the table in would lose them. -#}
{% macro wait_for_replicas(relation) %}
    {% if adapter.get_clickhouse_cluster_name() %}
        {% call statement('wait_for_replicas') %}
            system sync replica {{ on_cluster_clause(relation) }} {{ relation }} lightweight
        {% endcall %}
    {% endif %}
{% endmacro %}


{#- Exchanges `old_relation`, which has the new rows, with `target_relation`, atomically. On a cluster it waits for the new rows;
    the adapter's own macro waits for the rows of the table that is replaced. -#}
{% macro exchange_tables_atomic(old_relation, target_relation, obj_types='TABLES') %}
    {% do wait_for_replicas(old_relation) %}
    {% call statement('exchange_tables_atomic') %}
        exchange {{ obj_types }} {{ old_relation }} and {{ target_relation }} {{ on_cluster_clause(target_relation) }}
    {% endcall %}
{% endmacro %}
