{{ config(
    tags='daily', schema='lens_staging', partition_by='toYYYYMM(day)',
    order_by=['project_id', 'dimension', 'value', 'day', 'previous_day'],
    meta={'reach_after': 'last_day', 'computes_closed_days': true}
) }}
-- grain: one row per project, dimension, value of it, local day and day of the visitors' previous visit with that value
-- (1970-01-01: none)
--
-- It reads `int_session_days`. A visit counts on the day on which its session starts; for the dimensions `path` and
-- `events` each session counts on each day on which it has the page or event. A device's second visit of a day has this
-- day as the previous one. So the number of distinct devices of any days is a sum: the visits whose previous day is before
-- the first of these days (docs/decisions/0031-answers.md).
--
-- A changed day changes the previous days of later visits, so all days of a project from its first changed one on are built.
-- Its rows of earlier days, and those of other projects, are copied.

{%- set dimensions = {
    'referrers': ['referrer_name', 'referrer_type'],
    'utm': ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'],
    'devices': ['device'],
    'browsers': ['browser'],
    'os': ['os'],
    'country': ['country'],
    'region': ['country', 'region'],
    'city': ['country', 'region', 'city'],
    'entry_pages': ['entry_path'],
    'exit_pages': ['exit_path'],
} -%}
{%- set names = dimensions | list + ['path', 'events'] -%}
{%- set conditions = {
    'utm': "notEmpty(concat(utm_source, utm_medium, utm_campaign, utm_term, utm_content))",
    'entry_pages': 'screen_view_count > 0',
    'exit_pages': 'screen_view_count > 0',
} %}
{#- SQL: the values of a row, each as the place of its dimension in `names` and the hash of its texts. -#}
{%- set items -%}
    arrayConcat(
        arrayFilter(item -> item.1 > 0, [
            {%- for name, columns in dimensions.items() %}
            (
                toUInt8(if(is_first_day and {{ conditions.get(name, 'true') }}, {{ loop.index }}, 0)),
                sipHash64({{ columns | join(', ') }})
            ){{ ',' if not loop.last }}
            {%- endfor %}
        ]),
        arrayMap(
            path -> (toUInt8({{ names.index('path') + 1 }}), sipHash64(path)),
            arrayDistinct(arrayFilter((path, is_view) -> is_view, event_paths, event_are_views))
        ),
        arrayMap(name -> (toUInt8({{ names.index('events') + 1 }}), sipHash64(name)), arrayDistinct(event_names))
    )
{%- endset %}

{#- SQL: whether the row's day, for which `day_of_project` stands, is to be built for its project. -#}
{%- set is_changed -%}
    {%- if is_incremental() %} and day_of_project >= transform(
            toString(project_id), first_changed.1, first_changed.2, toDate(65535)
        )
    {%- endif -%}
{%- endset %}

with
{% if is_incremental() %}
-- Of each project with rows on the days that the build names: the first of these days.
(
    select (groupArray(changed_project), groupArray(first_day)) from (
        select toString(project_id) as changed_project, min(changed_day) as first_day
        from (
            select project_id, local_day as changed_day from {{ ref('int_session_days') }}
            where {{ in_days('local_day', 0, 0, named_days('days')) }}
            union all
            select project_id, day as changed_day from {{ this }}
            where {{ in_days('day', 0, 0, named_days('days')) }}
            union all
            select '', toDate(65535)
        )
        group by changed_project
    )
) as first_changed,
{% endif %}

built as (
    select * from {{ ref('int_session_days') }}
    where {{ in_window('local_day') }}{{ is_changed | replace('day_of_project', 'local_day') }}
),

-- Most devices come once: nothing is before their visit, so they need no arrays.
once as (
    select device_hash
    from {{ ref('int_session_days') }}
    where device_hash in (select device_hash from built)
    group by device_hash, {{ unguessable('device_hash') }}
    having count() = 1
),

of_once as (
    select
        project_id,
        item.1 as dimension_number,
        item.2 as value,
        local_day as day,
        toDate(0) as previous_day,
        count() as visits,
        countIf(is_bounce) as bounces
    from (
        select project_id, local_day, is_bounce, {{ items }} as items
        from built
        where device_hash in (select device_hash from once)
    )
    array join items as item
    group by project_id, dimension_number, value, day, {{ unguessable('value') }}
),

-- A visit is a number: its day and, as the last bit, whether it is a bounce. Numbers are gathered and sorted faster than pairs.
sequences as (
    select
        project_id,
        item.1 as dimension_number,
        item.2 as value,
        arraySort(groupArray(toUInt32(toUInt16(local_day)) * 2 + is_bounce)) as numbers,
        {{ previous_of('numbers', '0') }} as previous_numbers
    from (
        select project_id, local_day, device_hash, is_bounce, {{ items }} as items
        from {{ ref('int_session_days') }}
        where device_hash in (select device_hash from built) and device_hash not in (select device_hash from once)
    )
    array join items as item
    group by project_id, dimension_number, value, device_hash, {{ unguessable('value, device_hash') }}
),

of_others as (
    select
        project_id,
        dimension_number,
        value,
        toDate(toUInt16(intDiv(number, 2))) as day,
        toDate(toUInt16(intDiv(previous_number, 2))) as previous_day,
        count() as visits,
        countIf(number % 2 = 1) as bounces
    from sequences
    array join numbers as number, previous_numbers as previous_number
    where {{ in_window('day') }}{{ is_changed | replace('day_of_project', 'day') }}
    group by project_id, dimension_number, value, day, previous_day, {{ unguessable('value') }}
),

-- Looked up for the few values, because texts next to each visit take longer than all the rest.
texts_of_values as (
    {% for name, columns in dimensions.items() %}
    select
        {{ loop.index }} as dimension_number,
        sipHash64({{ columns | join(', ') }}) as value,
        [toString({{ columns | join('), toString(') }})] as texts
    from built
    group by {{ columns | join(', ') }}, {{ unguessable(columns | join(', ')) }}
    union all
    {% endfor %}
    {%- for name, column in [('path', 'event_paths'), ('events', 'event_names')] %}
    select {{ names.index(name) + 1 }}, sipHash64(text), [toString(text)]
    from built
    array join {{ column }} as text
    group by text, {{ unguessable('text') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select * from of_once
    union all
    select * from of_others
)

select
    project_id,
    toLowCardinality({{ names }}[dimension_number]) as dimension,
    value,
    any(texts_of_values.texts) as texts,
    day,
    previous_day,
    toUInt32(sum(counted.visits)) as visits,
    toUInt32(sum(counted.bounces)) as bounces
from counted
inner join texts_of_values using (dimension_number, value)
group by project_id, dimension, value, day, previous_day
{% if is_incremental() %}
union all
select project_id, dimension, value, texts, day, previous_day, visits, bounces
from {{ this }}
where {{ in_window('day') }} and not (true{{ is_changed | replace('day_of_project', 'day') }})
{% endif %}
