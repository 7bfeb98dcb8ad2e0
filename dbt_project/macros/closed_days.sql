{#- A closed day of a project keeps the rows that were built, because raw rows that it was made from are dropped
    (docs/decisions/0029). Every build, even a full refresh, leaves out the rows that it would compute for the day, and copies
    the existing ones, except of a model that can be computed from copied rows (`carried_days`). -#}


{#- SQL: whether the Date `column` of a row with a project_id is a closed day; none if no project has a closed day. -#}
{% macro is_closed(column) -%}
    {%- if execute and run_query('select count() from lens_raw.closed_days').rows[0][0] | int > 0 -%}
        {%- set closed = '(select groupArray((project_id, closed_before)) from (select * from lens_raw.closed_days final order by project_id))' -%}
        {{ return('(' ~ column ~ ' < transform(toString(project_id), (' ~ closed ~ ').1, (' ~ closed ~ ').2, toDate(0)))') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#- The day by which a model is partitioned; none for a model over all days. -#}
{% macro partition_day() -%}
    {%- set by = config.get('partition_by') or '' -%}
    {%- set month_of = modules.re.match('^toYYYYMM[(]([a-z_]+)[)]$', by) -%}
    {{ return((month_of.group(1) if month_of else by) or none) }}
{%- endmacro %}


{#- SQL: whether a row of the model is of a closed day, so that builds copy it instead of computing it; none if they compute all
    rows. A model that reads nothing but rows that builds copy sets `meta.computes_closed_days`: its closed days get new columns,
    and have no rows whose events are gone. -#}
{% macro carried_days() -%}
    {%- set day = partition_day() -%}
    {%- set is_computed = (config.get('meta') or {}).get('computes_closed_days', false) -%}
    {{ return(is_closed(day) if day and not is_computed else none) }}
{%- endmacro %}


{#- SQL for tests: whether the Date `column` is an open day. -#}
{% macro is_open(column) -%}
    {%- set closed = is_closed(column) -%}
    {{ 'not ' ~ closed if closed else 'true' }}
{%- endmacro %}
