-- grain: one row per profile and instant at which more is known of it: the profile as it is known then
with of_events as (
    select
        project_id,
        profile_id,
        moment,
        min(created_at) filter (created_at <= moment) as first_seen_at,
        max(created_at) filter (created_at <= moment) as last_seen_at,
        count(*) filter (ended_at <= moment) as event_count,
        coalesce(sum(revenue) filter (is_countable and ended_at <= moment), 0) as revenue,
        flatten(list(groups) filter (created_at <= moment)) as groups
    from events
    inner join day_ends using (project_id, local_day)
    inner join profile_instants using (project_id, profile_id)
    group by all
),

of_operations as (
    select
        project_id,
        profile_id,
        moment,
        min(created_at) as first_seen_at,
        max(created_at) as last_seen_at,
        flatten(list(groups) filter (operation = 'assign_group')) as groups,
        coalesce(arg_max(first_name, fold_order) filter (operation = 'identify' and first_name <> ''), '') as first_name,
        coalesce(arg_max(last_name, fold_order) filter (operation = 'identify' and last_name <> ''), '') as last_name,
        coalesce(arg_max(name, fold_order) filter (operation = 'identify' and name <> ''), '') as name,
        coalesce(arg_max(email, fold_order) filter (operation = 'identify' and email <> ''), '') as email,
        coalesce(arg_max(avatar, fold_order) filter (operation = 'identify' and avatar <> ''), '') as avatar
    from known_operations
    group by all
),

of_sessions as (
    select project_id, profile_id, moment, count(*) as session_count
    from (select project_id, profile_id, day as local_day from sessions) as started
    inner join day_ends using (project_id, local_day)
    inner join profile_instants using (project_id, profile_id)
    where day_ends.ended_at <= moment
    group by all
),

folded as (
    select project_id, profile_id, moment, json_group_object(path, value) as properties from profile_properties group by all
)

select
    project_id,
    profile_id,
    moment,
    not starts_with(profile_id, 'device:') as is_identified,
    least(of_events.first_seen_at, of_operations.first_seen_at) as first_seen_at,
    greatest(of_events.last_seen_at, of_operations.last_seen_at) as last_seen_at,
    coalesce(session_count, 0) as session_count,
    coalesce(event_count, 0) as event_count,
    coalesce(revenue, 0) as revenue,
    coalesce(first_name, '') as first_name,
    coalesce(last_name, '') as last_name,
    coalesce(name, '') as name,
    coalesce(email, '') as email,
    coalesce(avatar, '') as avatar,
    coalesce(properties, '{}') as properties,
    list_sort(list_distinct(coalesce(of_events.groups, []) || coalesce(of_operations.groups, []))) as groups
from of_events
full outer join of_operations using (project_id, profile_id, moment)
left join of_sessions using (project_id, profile_id, moment)
left join folded using (project_id, profile_id, moment)
where of_events.first_seen_at is not null or of_operations.first_seen_at is not null
