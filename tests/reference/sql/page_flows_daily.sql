-- grain: one row per project, day of the session, step and move from one path to the next
with views as (
    select
        events.*,
        lag(path) over (partition by session_key order by created_at, event_id, event_key) as path_before
    from events
    where session_key is not null and is_screen_view
),

pages as (
    select
        project_id,
        session_key,
        session_day as day,
        path,
        row_number() over (partition by session_key order by created_at, event_id, event_key) as page
    from views
    where path is distinct from path_before
),

moves as (
    select
        session_key, project_id, day, page as step, coalesce(lag(path) over session, '') as from_path, path as to_path
    from pages
    window session as (partition by session_key order by page)
    union all
    select session_key, project_id, day, max(page) + 1, arg_max(path, page), ''
    from pages
    group by session_key, project_id, day
)

select project_id, day, step, from_path, to_path, count(*) as sessions
from moves
where step <= 20
group by all
