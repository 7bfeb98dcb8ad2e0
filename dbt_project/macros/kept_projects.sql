{#- SQL: whether a row belongs to a project that this build leaves out, so that its rows must stay unchanged. Empty if the build
    leaves out no project, or if rows with these `columns` do not belong to projects. Statements of the build cannot read the
    rows of such a project: the connection's `additional_table_filters` hide them (EVENTLENS_DBT_TABLE_FILTERS). -#}
{% macro kept_projects(columns) -%}
    {{ return(env_var('EVENTLENS_DBT_KEPT_PROJECTS', '') if execute and 'project_id' in columns else '') }}
{%- endmacro %}


{#- Copies the rows that meet `condition` and belong to left-out projects from `existing` to `fresh`. -#}
{% macro keep_rows(existing, fresh, columns, condition='true') -%}
    {%- call statement('keep_rows') -%}
        insert into {{ fresh }} ({{ columns | join(', ') }})
        select {{ columns | join(', ') }} from {{ existing }}
        where {{ condition }} and {{ kept_projects(columns) }}
        settings additional_table_filters = {}
    {%- endcall -%}
{%- endmacro %}


{#- Copies the rows of left-out projects from `existing` to `fresh`, the table that replaces it. -#}
{% macro keep_rows_of(existing, fresh) -%}
    {%- set before = load_cached_relation(existing) -%}
    {%- if kept_projects(['project_id']) and before is not none and before.is_table and before.identifier != fresh.identifier -%}
        {%- set columns = shared_columns(before, fresh) -%}
        {%- if 'project_id' in columns -%}{%- do keep_rows(before, fresh, columns) -%}{%- endif -%}
    {%- endif -%}
{%- endmacro %}
