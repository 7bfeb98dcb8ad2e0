{#- On a cluster: waits until every replica holds all rows of `relation`. What is ON CLUSTER is done by whichever replica
    takes it up first, and a swap from a table whose rows it does not hold yet would lose them. -#}
{% macro wait_for_replicas(relation) %}
    {% if adapter.get_clickhouse_cluster_name() %}
        {% call statement('wait_for_replicas') %}
            system sync replica {{ on_cluster_clause(relation) }} {{ relation }} lightweight
        {% endcall %}
    {% endif %}
{% endmacro %}


{#- Gives the new rows in `old_relation` the name of `target_relation`, at once. The adapter's own macro waits for the
    table that goes. -#}
{% macro exchange_tables_atomic(old_relation, target_relation, obj_types='TABLES') %}
    {% do wait_for_replicas(old_relation) %}
    {% call statement('exchange_tables_atomic') %}
        exchange {{ obj_types }} {{ old_relation }} and {{ target_relation }} {{ on_cluster_clause(target_relation) }}
    {% endcall %}
{% endmacro %}
