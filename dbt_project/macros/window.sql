{#- The days a run names in `days` or `receive_days`: from the environment (EVENTLENS_DBT_DAYS, a JSON list), or from
    --vars. Orchestration uses the environment, because new vars make dbt parse the whole project again. -#}
{% macro named_days(name) -%}
    {{ return(fromjson(env_var('EVENTLENS_DBT_' ~ name | upper, '[]')) or var(name)) }}
{%- endmacro %}


{#- The days of this model that a run builds: a list of ISO dates, or none for all days (a first build or --full-refresh).
    `meta.reach_before` and `meta.reach_after` are the numbers of days before and after a changed day on which the model's
    rows can change, too; with `reach_after: last_day` all days up to the last one of `int_session_days`. -#}
{% macro window_days() -%}
    {%- if not execute or not is_incremental() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- set name = meta.get('window', 'days') -%}
    {%- set days = named_days(name) -%}
    {%- if not days -%}
        {%- do exceptions.raise_compiler_error(
            this ~ " is built by days: pass --vars '{\"" ~ name ~ "\": [\"2026-01-31\"]}' or --full-refresh") -%}
    {%- endif -%}
    {%- if meta.get('reach_after') == 'last_day' -%}
        {%- set last = run_query('select max(local_day) from ' ~ ref('int_session_days')).rows[0][0] | string -%}
        {%- set first = shifted(days | min, -meta.get('reach_before', 0)) -%}
        {%- set date = modules.datetime.date -%}
        {{ return(widened([first], 0, (date.fromisoformat([last, days | max] | max) - date.fromisoformat(first)).days)) }}
    {%- endif -%}
    {%- set before = funnel_reach() if meta.get('reach_before') == 'funnels' else meta.get('reach_before', 0) -%}
    {{ return(widened(days, before, meta.get('reach_after', 0))) }}
{%- endmacro %}


{#- ISO dates, sorted: each of `days` with the `before` days before it and the `after` days after it. -#}
{% macro widened(days, before, after) -%}
    {%- set date = modules.datetime.date -%}
    {%- set found = [] -%}
    {%- set reached = namespace(last=0) -%}
    {%- for day in days | sort -%}
        {%- set number = date.fromisoformat(day).toordinal() -%}
        {#- Each day is added only once: if a funnel's window is long, the ranges around hundreds of days overlap. -#}
        {%- for each in range([number - before, reached.last + 1] | max, number + after + 1) -%}
            {%- do found.append(date.fromordinal(each).isoformat()) -%}
        {%- endfor -%}
        {%- set reached.last = number + after -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro shifted(day, offset) -%}
    {{ return((modules.datetime.date.fromisoformat(day) + modules.datetime.timedelta(days=offset)).isoformat()) }}
{%- endmacro %}


{#- SQL: whether the Date `column` is one of the days to build, or at most `before` days before or `after` days after one. The
    condition is between marks, so that a large build can replace it by the days of each chunk (`of_chunk`). -#}
{% macro in_window(column, before=0, after=0) -%}
    /*window {{ column }}|{{ before }}|{{ after }}*/ {{ in_days(column, before, after, window_days()) }} /*end*/
{%- endmacro %}


{#- SQL: whether a raw row can belong to one of the days to build, or to the `before` local days before one. In every zone, the
    local day D lies within the UTC days D - 1 to D + 1. -#}
{% macro in_raw_window(before=0) -%}
    {{ in_window('raw', before + 1, 1) }}
{%- endmacro %}


{#- SQL: the condition of a window over `days`. They are a list of dates, a range {first, last} (none means no end), or none for
    all days. The column `raw` stands for raw tables; for these the months are named, too, so that whole partitions are skipped. -#}
{% macro in_days(column, before, after, days) -%}
    {%- if days is none -%}
        true
    {%- elif days is mapping -%}
        {%- set bounds = [] -%}
        {%- if days.first -%}
            {%- set first = "toDate('" ~ shifted(days.first, -before) ~ "')" -%}
            {%- do bounds.append("day >= " ~ first ~ " and created_at >= " ~ first if column == 'raw' else column ~ " >= " ~ first) -%}
        {%- endif -%}
        {%- if days.last -%}
            {%- set last = "toDate('" ~ shifted(days.last, after) ~ "')" -%}
            {%- do bounds.append("day <= " ~ last ~ " and created_at < " ~ last ~ " + 1" if column == 'raw' else column ~ " <= " ~ last) -%}
        {%- endif -%}
        {{ '(' ~ (bounds | join(' and ') or 'true') ~ ')' }}
    {%- else -%}
        {%- set near = widened(days, before, after) -%}
        {%- set first, last = near | first, near | last -%}
        {%- if column != 'raw' and last == shifted(first, near | length - 1) -%}
            ({{ column }} >= toDate('{{ first }}') and {{ column }} <= toDate('{{ last }}'))
        {%- else -%}
            {%- if column == 'raw' -%}
                toYYYYMM(created_at) in ({{ months_of(near) | join(', ') }}) and day
            {%- else -%}
                {{ column }}
            {%- endif %} in ({% for day in near %}toDate('{{ day }}'){{ ', ' if not loop.last }}{% endfor %})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- The months of ISO dates, as numbers like 202601, sorted. -#}
{% macro months_of(days) -%}
    {%- set months = {} -%}
    {%- for day in days -%}{%- do months.update({day[:4] ~ day[5:7]: true}) -%}{%- endfor -%}
    {{ return(months | sort) }}
{%- endmacro %}


{#- SQL for tests: whether `column` is one of the run's open days, or at most `before` days before or `after` days after one. If
    the run names no days, every open day counts. -#}
{% macro in_tested_days(column, window='days', before=0, after=0) -%}
    {%- set days = [] if flags.FULL_REFRESH or not execute else named_days(window) -%}
    ({{ in_days(column, before, after, days or none) }}
    {{- ' and ' ~ is_open(column) if column != 'raw' }})
{%- endmacro %}
