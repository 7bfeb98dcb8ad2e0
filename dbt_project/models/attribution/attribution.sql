{{ config(
    tags='daily', partition_by='day', order_by=['project_id', 'day', 'goal_id', 'model'], meta={'reach_after': 31},
    query_settings={
        'min_insert_block_size_rows': 1000000,
        'min_insert_block_size_bytes': 268435456,
        'max_bytes_ratio_before_external_sort': 0.2,
        'max_bytes_ratio_before_external_group_by': 0.2,
    }
) }}
-- grain: one row per conversion, model and source of its touches, on the local day of the conversion
--
-- It reads `int_conversions` and `sessions`. The touches of a conversion are the sessions of its profile that started
-- in the 30 days before it, including its own. With a change of clocks in between, 30 days are up to 31 local days,
-- before the conversion and after the session.
--
-- Only the last `attribution_touches` touches of a conversion count, and only the first `attribution_conversions`
-- conversions of a profile, goal and day have touches. So the rows of one sender grow in proportion to its events, not
-- to their square. They still can be 1,200 times as many, so sorting and grouping continue on disk early: together they
-- would take all the memory.
{% set sources = ['referrer_name', 'referrer_type', 'utm_source', 'utm_medium', 'utm_campaign', 'channel'] %}
{% set conversion = 'project_id, day, goal_id, conversion_id, received_at, converted_at, profile_id, whole_revenue' %}

with conversions as (
    select
        * except (revenue),
        revenue as whole_revenue,
        row_number() over (
            partition by project_id, goal_id, profile_id, day order by converted_at, toUInt128(conversion_id), received_at
        ) <= {{ var('attribution_conversions') }} as is_followed
    from {{ ref('int_conversions') }}
    where {{ in_window('day') }}
),

sessions as (
    select
        project_id,
        profile_id,
        started_at,
        {{ sources | join(', ') }},
        row_number() over (partition by project_id, profile_id order by started_at, session_id) as ordinal
    from {{ ref('sessions') }}
    where {{ in_window('day', before=31) }}
        and (project_id, profile_id) in (select project_id, profile_id from conversions)
),

starts as (
    select project_id, profile_id, started_at, max(ordinal) as ordinal
    from sessions
    group by project_id, profile_id, started_at, {{ unguessable('profile_id') }}
),

-- Each conversion with the number of its last touch: the profile's last session up to it.
reaching as (
    select conversions.*, starts.ordinal as last_ordinal, converted_at - interval 30 day as reaches_back_to
    from conversions
    asof left join starts
        on conversions.project_id = starts.project_id
        and conversions.profile_id = starts.profile_id
        and conversions.converted_at >= starts.started_at
),

-- And with the number of the session before its first touch, which is 30 days or `attribution_touches` sessions back.
spanning as (
    select
        reaching.*,
        greatest(starts.ordinal, last_ordinal - least(last_ordinal, {{ var('attribution_touches') }})) as before_ordinal
    from reaching
    asof left join starts
        on reaching.project_id = starts.project_id
        and reaching.profile_id = starts.profile_id
        and reaching.reaches_back_to >= starts.started_at
),

-- One row per conversion and touch, for the conversions that have touches.
followed as (
    select {{ conversion }}, last_ordinal - before_ordinal as touch_count, place, before_ordinal + place as ordinal
    from spanning
    array join range(1, last_ordinal - before_ordinal + 1) as place
    where is_followed
),

touches as (
    select
        followed.*,
        {% for source in sources %}sessions.{{ source }} as {{ source }}, {% endfor %}
        sessions.started_at as started_at
    from followed
    inner join sessions
        on followed.project_id = sessions.project_id
        and followed.profile_id = sessions.profile_id
        and followed.ordinal = sessions.ordinal
),

weighed as (
    select
        *,
        exp2(-dateDiff('millisecond', started_at, converted_at) / 604800000) as recency,
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
    group by {{ conversion }}, {{ sources | join(', ') }}, {{ unguessable('profile_id, ' ~ sources | join(', ')) }}
),

untouched as (
    select
        {{ conversion }},
        {% for source in sources %}'{{ 'Unassigned' if source == 'channel' }}' as {{ source }}, {% endfor %}
        0 as touches,
        arrayMap(
            model -> (model, toFloat64(1)),
            ['first', 'last', 'last_non_direct', 'linear', 'position_based', 'time_decay']) as credits
    from spanning
    where not is_followed or last_ordinal = before_ordinal
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
    toDecimal128(credit * toFloat64(whole_revenue), 12) as revenue
from (select * from credited union all select * from untouched) as given
array join credits as model_credit
