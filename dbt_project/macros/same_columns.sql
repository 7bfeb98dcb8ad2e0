{#- The columns of `sql`, sorted, asked without running any of it. dbt's own way reads `limit 0` of it, for which ClickHouse
    fills the right side of every join. -#}
{% macro columns_of(sql) -%}
    {{ return(listed_columns('describe table (\n' ~ sql ~ '\n)')) }}
{%- endmacro %}


{#- The columns, sorted, that a statement lists by name and type. -#}
{% macro listed_columns(statement) -%}
    {%- set columns = [] -%}
    {%- if execute -%}
        {%- for row in run_query(statement).rows -%}{%- do columns.append((row[0], row[1])) -%}{%- endfor -%}
    {%- endif -%}
    {{ return(columns | sort) }}
{%- endmacro %}


{#- The columns, sorted, that a table in the warehouse has. -#}
{% macro stored_columns(relation) -%}
    {{ return(listed_columns(
        "select name, type from system.columns where database = '" ~ relation.schema ~ "' and table = '"
        ~ relation.identifier ~ "'")) }}
{%- endmacro %}


{#- The names of the columns that two versions of a table share, so that rows of `before` can be copied to `fresh`. A column
    that has another type by now holds something else, and is left out. Only between numbers, and between ways to store a
    text, can a type change without the meaning: closed days could not be computed again. -#}
{% macro shared_columns(before, fresh) -%}
    {%- set kinds = {} -%}
    {%- for name, data_type in stored_columns(before) -%}{%- do kinds.update({name: kind_of(data_type)}) -%}{%- endfor -%}
    {%- set shared = [] -%}
    {%- for name, data_type in stored_columns(fresh) if kinds.get(name) == kind_of(data_type) -%}
        {%- do shared.append(name) -%}
    {%- endfor -%}
    {{ return(shared) }}
{%- endmacro %}


{% macro kind_of(data_type) -%}
    {{ return('number' if modules.re.match('U?Int|Float|Decimal', data_type)
        else data_type | replace('LowCardinality(String)', 'String')) }}
{%- endmacro %}


{#- The columns that the YAML promises, sorted. -#}
{% macro contract_columns() -%}
    {%- set columns = [] -%}
    {%- for column in model['columns'].values() -%}
        {%- do columns.append((column['name'], column['data_type'])) -%}
    {%- endfor -%}
    {{ return(columns | sort) }}
{%- endmacro %}


{#- A contract holds when the SQL has the columns of the YAML, in any order. -#}
{% macro clickhouse__get_assert_columns_equivalent(sql) -%}
    {%- set columns = columns_of(sql) -%}
    {%- if columns != contract_columns() -%}
        {%- set found = [] -%}
        {%- for name, data_type in columns -%}{%- do found.append({'name': name, 'data_type': data_type}) -%}{%- endfor -%}
        {%- do exceptions.raise_contract_error(model['columns'].values() | list, found) -%}
    {%- endif -%}
{%- endmacro %}


{#- The names of the columns that both `existing` and the model have. Days of a model whose columns have changed
    cannot be in one table with older days. A model with a contract has the contract's columns: the SQL was checked against
    it when the table was made, and planning the SQL costs more than many a day. -#}
{% macro assert_same_columns(existing, sql) -%}
    {%- set built = stored_columns(existing) -%}
    {%- set wanted = contract_columns() if config.get('contract').enforced else columns_of(sql) -%}
    {%- if built != wanted -%}
        {%- do exceptions.raise_compiler_error(
            existing ~ ' was built with other columns than this version has: run `eventlens build --full-refresh` once.') -%}
    {%- endif -%}
    {{ return(built | map(attribute=0) | list) }}
{%- endmacro %}


{#- dbt-clickhouse compares columns slowly unless set to ignore changes; dbt requires `fail` for contracts. -#}
{% macro incremental_validate_on_schema_change(on_schema_change, default='ignore') -%}
    {{ return('ignore') }}
{%- endmacro %}
