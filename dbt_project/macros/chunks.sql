{#- A build over many days inserts them in chunks, so that its memory does not grow with their number. The last day of each chunk
    is chosen before the build (EVENTLENS_DBT_CHUNK_ENDS, a JSON list of ISO dates): chunks have about equally many raw events. A
    model that builds more days than the build names, by `reach_after: last_day`, has chunks of its own. -#}
{% macro chunks_of(days) -%}
    {%- if (config.get('meta') or {}).get('reach_after') == 'last_day' -%}
        {%- set ends = ends_by_session_days(days) -%}
    {%- else -%}
        {%- set ends = fromjson(env_var('EVENTLENS_DBT_CHUNK_ENDS', '[]')) | sort -%}
    {%- endif -%}
    {%- set chunks = [] -%}
    {%- for end in ends + [none] -%}
        {%- set start = ends[loop.index0 - 1] if not loop.first else none -%}
        {%- if days is none -%}
            {%- do chunks.append({'first': shifted(start, 1) if start else none, 'last': end}) -%}
        {%- else -%}
            {%- set within = [] -%}
            {%- for day in days if (start is none or day > start) and (end is none or day <= end) -%}
                {%- do within.append(day) -%}
            {%- endfor -%}
            {%- if within -%}{%- do chunks.append(within) -%}{%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(chunks) }}
{%- endmacro %}


{#- The last day of each chunk but the last, so that a chunk has no more rows of `int_session_days` than fit into the build's
    memory. `int_value_visits` takes about 1 kB for each. -#}
{% macro ends_by_session_days(days) -%}
    {%- set most_rows = env_var('EVENTLENS_DBT_MEMORY', '4000000000') | int // 3000 -%}
    {%- set counts = run_query(
        'select toString(local_day), count() from ' ~ ref('int_session_days')
        ~ ' where ' ~ in_days('local_day', 0, 0, days) ~ ' group by local_day order by local_day') -%}
    {%- set ends = [] -%}
    {%- set chunk = namespace(rows=0, last=none) -%}
    {%- for day, rows in counts.rows -%}
        {%- if chunk.last and chunk.rows + rows | int > most_rows -%}
            {%- do ends.append(chunk.last) -%}
            {%- set chunk.rows = 0 -%}
        {%- endif -%}
        {%- set chunk.rows = chunk.rows + rows | int -%}
        {%- set chunk.last = day -%}
    {%- endfor -%}
    {{ return(ends) }}
{%- endmacro %}


{#- `sql`, in which each window is replaced by the days of `chunk`. -#}
{% macro of_chunk(sql, chunk) -%}
    {%- set pieces = sql.split('/*window ') -%}
    {%- set rendered = [pieces[0]] -%}
    {%- for piece in pieces[1:] -%}
        {%- set mark, rest = piece.split('*/', 1) -%}
        {%- set column, before, after = mark.split('|') -%}
        {%- do rendered.append(in_days(column, before | int, after | int, chunk)) -%}
        {%- do rendered.append(rest.split('/*end*/', 1)[1]) -%}
    {%- endfor -%}
    {{ return(rendered | join('')) }}
{%- endmacro %}


{#- Creates a table and fills it; rows of projects that the build leaves out are copied from the table that it replaces. -#}
{% macro clickhouse__create_table_as(temporary, relation, sql) -%}
    {{ clickhouse__create_empty_table(temporary, relation, sql, config.get('contract').enforced) }}
    {%- if not temporary -%}
        {%- do keep_rows_of(this, relation) -%}
        {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
        {%- do carry_closed_days(relation) -%}
        {{ insert_in_chunks(relation, columns, sql) }}
    {%- endif -%}
{%- endmacro %}


{#- Fills the columns of a table chunk by chunk, except the last chunk, which the caller's statement inserts. -#}
{% macro insert_in_chunks(relation, columns, sql) -%}
    {%- set chunks = chunks_of(window_days()) if '/*window ' in sql else [none] -%}
    {%- set closed = carried_days() -%}
    {%- for chunk in chunks -%}
        {%- set insert -%}
            insert into {{ relation }} ({{ columns | join(', ') }})
            select {{ columns | join(', ') }} from (
            {{ of_chunk(sql, chunk) if chunks | length > 1 else sql }}
            )
            {{ 'where not ' ~ closed if closed }}
            {{ adapter.get_model_query_settings(model) }}
        {%- endset -%}
        {%- if loop.last -%}
            {{ insert }}
        {%- else -%}
            {%- call statement('insert_chunk') -%}{{ insert }}{%- endcall -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{#- Copies the closed days from the table that a full refresh replaces to the new table. -#}
{% macro carry_closed_days(relation) -%}
    {%- set before = load_cached_relation(this) -%}
    {%- set closed = carried_days() if before is not none and before.is_table else none -%}
    {%- if closed -%}
        {#- A column that is new in this version of the model, or holds something else, is empty on closed days. -#}
        {%- set both = shared_columns(before, relation) | join(', ') -%}
        {%- call statement('carry_closed_days') -%}
            insert into {{ relation }} ({{ both }}) select {{ both }} from {{ before }} where {{ closed }}
            settings max_partitions_per_insert_block = 0
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}
