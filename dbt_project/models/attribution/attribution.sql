{{ config(
    partition_by='day',
    order_by=['project_id', 'day', 'goal_id', 'model'],
    meta={'reach_after': 31}
) }}
-- grain: one row per conversion, model and source of its touches, on the local day of the conversion
--
-- The touches of a conversion are the sessions of its profile that started in the 30 days before it, its own included.
-- With a change of clocks in between, 30 days reach 31 local days back, and a session as far ahead.
{% set sources = ['referrer_name', 'referrer_type', 'utm_source', 'utm_medium', 'utm_campaign', 'channel'] %}
{% set conversion = 'project_id, day, goal_id, conversion_id, received_at, converted_at, profile_id, whole_revenue' %}

with conversions as (
    select * except (revenue), revenue as whole_revenue from {{ ref('int_conversions') }}
    where {{ in_window('day') }}
),

sessions as (
    select project_id, profile_id, started_at, session_id, {{ sources | join(', ') }}
    from {{ ref('sessions') }}
    where {{ in_window('day', before=31) }}
        and (project_id, profile_id) in (select project_id, profile_id from conversions)
),

touches as (
    select
        conversions.*,
        {% for source in sources %}sessions.{{ source }} as {{ source }}, {% endfor %}
        sessions.started_at as started_at,
        row_number() over (partition by {{ conversion }} order by started_at, session_id) as place
    from conversions
    inner join sessions
        on conversions.project_id = sessions.project_id and conversions.profile_id = sessions.profile_id
    where sessions.started_at > converted_at - interval 30 day and sessions.started_at <= converted_at
),

weighed as (
    select
        *,
        exp2(-dateDiff('millisecond', started_at, converted_at) / 604800000) as recency,
        max(place) over whole as touch_count,
        maxIf(place, channel != 'Direct') over whole as last_non_direct,
        sum(recency) over whole as whole_recency
    from touches
    window whole as (partition by {{ conversion }})
),

credited as (
    select
        {{ conversion }},
        {{ sources | join(', ') }},
        count() as touches,
        [
            ('first', toFloat64(max(place = 1))),
            ('last', toFloat64(max(place = touch_count))),
            ('last_non_direct', toFloat64(max(place = if(last_non_direct = 0, touch_count, last_non_direct)))),
            ('linear', sum(1 / touch_count)),
            ('position_based', sum(multiIf(
                touch_count <= 2, 1 / touch_count,
                place in (1, touch_count), 0.4,
                0.2 / (touch_count - 2)))),
            ('time_decay', sum(recency / whole_recency))
        ] as credits
    from weighed
    group by {{ conversion }}, {{ sources | join(', ') }}
),

untouched as (
    select
        {{ conversion }},
        {% for source in sources %}'{{ 'Unassigned' if source == 'channel' }}' as {{ source }}, {% endfor %}
        0 as touches,
        arrayMap(
            model -> (model, toFloat64(1)),
            ['first', 'last', 'last_non_direct', 'linear', 'position_based', 'time_decay']) as credits
    from conversions
    where ({{ conversion }}) not in (select {{ conversion }} from touches)
)

select
    project_id,
    day,
    goal_id,
    conversion_id,
    received_at,
    converted_at,
    profile_id,
    cast(model_credit.1 as LowCardinality(String)) as model,
    {% for source in sources %}cast({{ source }} as LowCardinality(String)) as {{ source }},
    {% endfor -%}
    toUInt64(touches) as touches,
    model_credit.2 as credit,
    credit * toFloat64(whole_revenue) as revenue
from (select * from credited union all select * from untouched) as given
array join credits as model_credit
