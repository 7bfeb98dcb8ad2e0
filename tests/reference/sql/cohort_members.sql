-- grain: one row per cohort, profile and stretch of membership
with hits as (
    select criteria.*, events.profile_id, events.created_at as moment
    from cohort_criteria as criteria
    inner join events on events.project_id = criteria.project_id and events.name = criteria.event
    inner join event_fits on event_fits.filters = criteria.filters and event_fits.event_key = events.event_key
    where events.profile_id <> '' and events.local_day between criteria.first_day and criteria.last_day
),

-- The instants at which a count can change.
points as (
    select project_id, cohort_id, profile_id, first_seen_at as moment
    from profiles
    inner join (select distinct project_id, cohort_id from cohort_criteria) as defined using (project_id)
    union
    select project_id, cohort_id, profile_id, moment
    from profile_states
    inner join (select distinct project_id, cohort_id from cohort_criteria where event is null) as asking using (project_id)
    where moment < timestamp '9999-12-31'
    union
    select project_id, cohort_id, profile_id, moment from hits
    union
    select project_id, cohort_id, profile_id, moment + within from hits where within is not null
),

counted as (
    select
        points.project_id, points.cohort_id, points.profile_id, points.moment,
        criteria.criterion_number, criteria.match, criteria.event, criteria.filters, criteria.operator,
        criteria.wanted,
        count(hits.moment) as found
    from points
    inner join cohort_criteria as criteria
        on criteria.project_id = points.project_id and criteria.cohort_id = points.cohort_id
    left join hits
        on hits.project_id = points.project_id
        and hits.cohort_id = points.cohort_id
        and hits.criterion_number = criteria.criterion_number
        and hits.profile_id = points.profile_id
        and hits.moment <= points.moment
        and coalesce(hits.moment > points.moment - hits.within, true)
    group by all
),

-- The profile as it was known at that instant is that of its last instant by then.
as_known as (
    select counted.*, states.moment as known_at
    from counted
    asof left join (
        select project_id, profile_id, moment from profile_states where moment < timestamp '9999-12-31'
    ) as states
        on states.project_id = counted.project_id
        and states.profile_id = counted.profile_id
        and states.moment <= counted.moment
),

judged as (
    select
        counted.*,
        case
            when event is null then profile_fits.profile_id is not null
            when operator = 'gte' then found >= wanted
            when operator = 'lte' then found <= wanted
            else found = wanted
        end as is_true
    from as_known as counted
    left join profile_fits
        on counted.event is null
        and profile_fits.filters = counted.filters
        and profile_fits.project_id = counted.project_id
        and profile_fits.profile_id = counted.profile_id
        and profile_fits.moment = counted.known_at
),

held as (
    select
        project_id, cohort_id, profile_id, moment,
        if(match = 'all', bool_and(is_true), bool_or(is_true)) as is_member
    from judged
    group by project_id, cohort_id, profile_id, moment, match
),

changes as (
    select *
    from held
    qualify is_member is distinct from lag(is_member) over (partition by project_id, cohort_id, profile_id order by moment)
),

stretches as (
    select
        *,
        lead(moment) over (partition by project_id, cohort_id, profile_id order by moment) as next_at
    from changes
)

select
    project_id,
    cohort_id,
    profile_id,
    moment as joined_at,
    coalesce(next_at, timestamp '2299-12-31') as left_at
from stretches
where is_member
