-- grain: one row per entity of a strict funnel and instant at which it did anything
with entities as (
    select distinct project_id, funnel_id, counted_by from funnel_steps where step_order = 'strict'
),

instants as (
    select distinct
        project_id,
        funnel_id,
        case counted_by
            when 'device' then device_id
            when 'profile' then profile_id
            else session_key::varchar
        end as entity,
        created_at as moment
    from entities
    inner join events using (project_id)
)

select *, lead(moment) over (partition by project_id, funnel_id, entity order by moment) as next_at
from instants
where coalesce(entity, '') <> ''
