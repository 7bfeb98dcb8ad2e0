{#- Writes the descriptions of tables and columns as comments to the warehouse. Only descriptions that differ are written, so
    most builds write none. -#}
{% macro clickhouse__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set found = {} -%}
    {%- set rows = run_query(
        "select '' as name, comment from system.tables where database = '" ~ relation.schema ~ "' and name = '"
        ~ relation.identifier ~ "' union all select name, comment from system.columns where database = '"
        ~ relation.schema ~ "' and table = '" ~ relation.identifier ~ "'").rows -%}
    {%- for row in rows -%}{%- do found.update({row[0]: row[1]}) -%}{%- endfor -%}
    {%- set changes = [] -%}
    {%- if model.description and found.get('') != one_line(model.description) -%}
        {%- do changes.append('modify comment ' ~ comment_literal(model.description)) -%}
    {%- endif -%}
    {%- for name, column in model.columns.items() -%}
        {%- if name in found and column.description and found[name] != one_line(column.description) -%}
            {%- do changes.append('comment column `' ~ name ~ '` ' ~ comment_literal(column.description)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if changes -%}
        {%- do run_query(one_alter_relation(relation, changes | join(', '))) -%}
    {%- endif -%}
{%- endmacro %}


{#- Creates a view with its comments; it replaces a table of that name atomically. -#}
{% macro clickhouse__create_view_as(relation, sql) -%}
    {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(sql) }}{%- endif -%}
    create or replace view {{ relation }} {{ on_cluster_clause(relation) }}
    {% if config.get('contract').enforced -%}
    (
        {%- for column in model.columns.values() %}
        {{ column.name }} {{ column.data_type }} comment {{ comment_literal(column.description) }}
            {{- ',' if not loop.last }}
        {%- endfor %}
    )
    {%- endif %}
    {{ get_sql_security_clause(relation) }}
    as ({{ sql }})
    {% if model.description %}comment {{ comment_literal(model.description) }}{% endif %}
{%- endmacro %}


{% macro one_line(text) -%}
    {{ return(text.split() | join(' ')) }}
{%- endmacro %}


{% macro comment_literal(text) -%}
    {{ return(clickhouse_escape_comment(one_line(text or ''))) }}
{%- endmacro %}
