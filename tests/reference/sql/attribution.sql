-- grain: one row per conversion, model and source of its touches
with conversions as (
    select
        events.*,
        goals.goal_id,
        if(is_countable, revenue, 0)::double as countable_revenue,
        row_number() over (
            partition by goals.project_id, goals.goal_id, events.profile_id, local_day
            order by created_at, event_id, received_at
        ) <= 200 as is_shared_out
    from raw.goal_definitions as goals
    inner join events on events.project_id = goals.project_id and events.name = goals.event_name
    inner join event_fits
        on event_fits.filters = coalesce(nullif(goals.filters, ''), '[]') and event_fits.event_key = events.event_key
    where profile_id <> ''
),

-- Sessions before the last 200 are too far back.
reached as (
    select
        conversions.project_id,
        conversions.goal_id,
        conversions.event_key,
        conversions.created_at as converted_at,
        sessions.* exclude (project_id, profile_id, revenue, model)
    from conversions
    inner join sessions
        on sessions.project_id = conversions.project_id
        and sessions.profile_id = conversions.profile_id
        and sessions.started_at <= conversions.created_at
        and sessions.started_at > conversions.created_at - interval 30 days
    where is_shared_out
    qualify row_number() over (
        partition by conversions.goal_id, conversions.event_key
        order by sessions.started_at desc, sessions.session_id desc
    ) <= 200
),

touches as (
    select
        reached.*,
        epoch_ms(converted_at) - epoch_ms(started_at) as age,
        row_number() over conversion as place,
        row_number() over backwards as place_from_end,
        row_number() over (
            partition by goal_id, event_key
            order by channel <> 'Direct' desc, started_at desc, session_id desc
        ) as place_by_direct,
        count(*) over (partition by goal_id, event_key) as touch_count
    from reached
    window
        conversion as (
            partition by goal_id, event_key
            order by started_at, session_id
        ),
        backwards as (
            partition by goal_id, event_key
            order by started_at desc, session_id desc
        )
),

decayed as (
    select
        *,
        pow(2, -age / 604800000.0)
        / sum(pow(2, -age / 604800000.0)) over (partition by goal_id, event_key) as decayed_share
    from touches
),

models as (
    select unnest(['first', 'last', 'last_non_direct', 'linear', 'position_based', 'time_decay']) as model
),

credited as (
    select
        decayed.*,
        model,
        case model
            when 'first' then (place = 1)::int
            when 'last' then (place_from_end = 1)::int
            when 'last_non_direct' then (place_by_direct = 1)::int
            when 'linear' then 1 / touch_count
            when 'time_decay' then decayed_share
            else case
                when touch_count <= 2 then 1 / touch_count
                when place = 1 or place_from_end = 1 then 0.4
                else 0.2 / (touch_count - 2)
            end
        end::double as credit
    from decayed
    cross join models
)

select
    conversions.project_id,
    conversions.goal_id,
    conversions.event_id as conversion_id,
    conversions.received_at,
    conversions.local_day as day,
    conversions.created_at as converted_at,
    conversions.profile_id,
    models.model,
    coalesce(credited.referrer_name, '') as referrer_name,
    coalesce(credited.referrer_type, '') as referrer_type,
    coalesce(credited.utm_source, '') as utm_source,
    coalesce(credited.utm_medium, '') as utm_medium,
    coalesce(credited.utm_campaign, '') as utm_campaign,
    coalesce(credited.channel, 'Unassigned') as channel,
    count(credited.session_key) as touches,
    sum(coalesce(credited.credit, 1)) as credit,
    sum(coalesce(credited.credit, 1)) * any_value(countable_revenue) as revenue
from conversions
cross join models
left join credited
    on credited.goal_id = conversions.goal_id
    and credited.event_key = conversions.event_key
    and credited.model = models.model
group by all
