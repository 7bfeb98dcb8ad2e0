{#- SQL: the rows of `candidates` that repeat an earlier row, by (project_id, day, batch_id, batch_row).

    A row is a duplicate if the row with the same event_id that was received just before it came at most 7 days earlier. A row
    without a message id that was not imported is also one if the row with the same body of the same device came at most
    duplicate_window_ms earlier. Both rules compare with the row just before only, so a bounded number of rows decides about
    a row. They chain: a client that retries for weeks still counts once. The event_id is made from the message id, or is
    random; a random one is repeated only if the writer landed the same event twice.

    `candidates` has project_id, event_id, day, received_at, batch_id, batch_row; with `has_bodies` also message_id,
    device_id, body_hash, import_id. Operations have no bodies, because only events are compared by body. A project that is
    not in the settings has a window of 100 ms. -#}
{% macro duplicate_rows(candidates, has_bodies) -%}
    {%- set is_body_compared = "body_hash != 0 and message_id = '' and import_id = ''" -%}
    {%- set window_ms = "if(projects.project_id = '', 100, projects.duplicate_window_ms)" -%}
    select judged.project_id as project_id, judged.day as day, judged.batch_id as batch_id, judged.batch_row as batch_row
    from (
        select
            project_id,
            day,
            batch_id,
            batch_row,
            received_at,
            {%- if has_bodies %}
            {{ is_body_compared }} as is_body_compared,
            lagInFrame(toNullable(received_at)) over (
                partition by project_id, device_id, body_hash, is_body_compared
                order by received_at, batch_id, batch_row
                rows between 1 preceding and current row
            ) as same_body_at,
            {%- endif %}
            lagInFrame(toNullable(received_at)) over (
                partition by project_id, event_id
                order by received_at, batch_id, batch_row
                rows between 1 preceding and current row
            ) as same_id_at
        from {{ candidates }}
        -- Few rows share their id or body with another row, and only these need to be sorted.
        where event_id in (select event_id from {{ candidates }} group by event_id having count() > 1)
            {%- if has_bodies %}
            or body_hash in (
                select body_hash from {{ candidates }} where {{ is_body_compared }} group by body_hash having count() > 1
            )
            {%- endif %}
    ) as judged
    {%- if has_bodies %}
    left join {{ ref('stg_projects') }} as projects on judged.project_id = projects.project_id
    {%- endif %}
    where same_id_at >= received_at - interval 7 day
        {%- if has_bodies %}
        or (
            is_body_compared and {{ window_ms }} > 0
            and dateDiff('millisecond', same_body_at, received_at) <= {{ window_ms }}
        )
        {%- endif %}
{%- endmacro %}


{#- SQL: the duplicates among the CTE `rows`, which has all rows of some devices and days of `relation`. A copy of a message can
    have another day or device. Such copies are found by their id, among the rows of `relation` that were received in the week
    before one of `rows`. -#}
{% macro duplicates_of(rows, relation, has_bodies) -%}
    {%- set columns = 'project_id, event_id, message_id, day, received_at, batch_id, batch_row'
        ~ (', device_id, body_hash, import_id' if has_bodies else '') -%}
    {%- set candidates -%}
        (
            select {{ columns }} from {{ rows }} where message_id = ''
            union all
            select {{ columns }} from {{ relation }}
            where message_id != ''
                and toDate(received_at) in (
                    select arrayJoin(arrayMap(back -> toDate(received_at) - back, range(8)))
                    from {{ rows }}
                    where message_id != ''
                )
                and event_id in (select event_id from {{ rows }} where message_id != '')
        )
    {%- endset -%}
    {{ duplicate_rows(candidates, has_bodies) }}
{%- endmacro %}
