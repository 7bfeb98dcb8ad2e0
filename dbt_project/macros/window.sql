{#- The days a run names in `days` or `receive_days`: from the environment (EVENTLENS_DBT_DAYS, a JSON list), or from
    --vars. Orchestration uses the environment, because new vars make dbt parse the whole project again. -#}
{% macro named_days(name) -%}
    {{ return(fromjson(env_var('EVENTLENS_DBT_' ~ name | upper, '[]')) or var(name)) }}
{%- endmacro %}


{#- The days a run builds: a list of ISO dates, or none for everything (a first build or --full-refresh). -#}
{% macro window_days() -%}
    {%- if not execute or not is_incremental() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set name = (config.get('meta') or {}).get('window', 'days') -%}
    {%- set days = named_days(name) -%}
    {%- if not days -%}
        {%- do exceptions.raise_compiler_error(
            this ~ " is built by days: pass --vars '{\"" ~ name ~ "\": [\"2026-01-31\"]}' or --full-refresh") -%}
    {%- endif -%}
    {{ return(days) }}
{%- endmacro %}


{#- ISO dates, sorted: each of `days` with the `before` days before it and the `after` days after it. -#}
{% macro widened(days, before, after) -%}
    {%- set found = {} -%}
    {%- for day in days -%}
        {%- set middle = modules.datetime.date.fromisoformat(day) -%}
        {%- for offset in range(-before, after + 1) -%}
            {%- do found.update({(middle + modules.datetime.timedelta(days=offset)).isoformat(): true}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found | sort) }}
{%- endmacro %}


{#- SQL: whether the Date `column` is one of the days built, or up to `before` / `after` days from one. -#}
{% macro in_window(column, before=0, after=0) -%}
    {%- set days = window_days() -%}
    {%- if days is none -%}
        true
    {%- else -%}
        {{ column }} in ({% for day in widened(days, before, after) %}toDate('{{ day }}'){{ ', ' if not loop.last }}{% endfor %})
    {%- endif -%}
{%- endmacro %}


{#- SQL: whether a raw row can lie in the days built, or in the `before` local days before one. A local day D lies
    between the UTC days D - 1 and D + 1 in every zone; the month lets the engine skip whole partitions. -#}
{% macro in_raw_window(before=0) -%}
    {%- set days = window_days() -%}
    {%- if days is none -%}
        true
    {%- else -%}
        {%- set utc_days = widened(days, before + 1, 1) -%}
        {%- set months = {} -%}
        {%- for day in utc_days -%}{%- do months.update({day[:4] ~ day[5:7]: true}) -%}{%- endfor -%}
        toYYYYMM(created_at) in ({{ months | sort | join(', ') }}) and {{ in_window('day', before + 1, 1) }}
    {%- endif -%}
{%- endmacro %}


{#- SQL for tests: whether `column` is one of the run's days, up to `after` days later; always, when it names none. -#}
{% macro in_tested_days(column, window='days', after=0) -%}
    {%- set days = [] if flags.FULL_REFRESH or not execute else named_days(window) -%}
    {%- if days -%}
        {{ column }} in ({% for day in widened(days, 0, after) %}toDate('{{ day }}'){{ ', ' if not loop.last }}{% endfor %})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
