-- In each of the six models the credit of a conversion adds up to 1, and its revenue to what the event brought.
{{ config(meta={'dagster': {'ref': {'name': 'attribution'}}}) }}

with conversions as (
    select project_id, day, goal_id, conversion_id, received_at, revenue, model
    from {{ ref('int_conversions') }}
    array join ['first', 'last', 'last_non_direct', 'linear', 'position_based', 'time_decay'] as model
    where {{ in_tested_days('day', after=31) }}
),

credited as (
    select
        project_id,
        day,
        goal_id,
        conversion_id,
        received_at,
        model,
        sum(credit) as credit,
        sum(attribution.revenue) as revenue
    from {{ ref('attribution') }} as attribution
    where {{ in_tested_days('day', after=31) }}
    group by project_id, day, goal_id, conversion_id, received_at, model
)

select
    conversions.conversion_id as conversion_id,
    credited.conversion_id as credited_id,
    credited.credit as credit,
    credited.revenue as revenue
from conversions
full outer join credited
    on conversions.project_id = credited.project_id
    and conversions.day = credited.day
    and conversions.goal_id = credited.goal_id
    and conversions.conversion_id = credited.conversion_id
    and conversions.received_at = credited.received_at
    and conversions.model = credited.model
where conversions.conversion_id != credited.conversion_id
    or abs(credited.credit - 1) > 1e-6
    or abs(credited.revenue - toFloat64(conversions.revenue)) > 1e-6 * greatest(1, abs(toFloat64(conversions.revenue)))
