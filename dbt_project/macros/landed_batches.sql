{#- SQL for tests: the batches whose rows had landed before this run, so that its tables must hold them. Batches that no earlier
    build took in are in the run's plan, which was made before the run's first statement; if no plan is named
    (EVENTLENS_DBT_PLAN), the time of landing decides. Of settled batches, only those in `rows`, a query of batch ids, are read. -#}
{% macro landed_before_the_run(rows) -%}
    {%- set plan = env_var('EVENTLENS_DBT_PLAN', '') if execute else '' -%}
    select batch_id from {{ source('lens_raw', 'batches') }}
    {% if plan -%}
    where batch_id in (select batch_id from lens_staging.planned_batches where build_id = '{{ plan }}')
        or batch_id in (select batch_id from lens_staging.built_batches)
    {%- else -%}
    where landed_at < toDateTime64('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}', 3, 'UTC')
    {%- endif %}
    union all
    select batch_id from {{ source('lens_raw', 'settled_batches') }} where batch_id in ({{ rows }})
{%- endmacro %}
