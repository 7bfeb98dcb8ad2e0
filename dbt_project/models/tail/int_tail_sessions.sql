{{ config(tags='folded', materialized='view', schema='lens_staging') }}
-- grain: one row per session of a project, including unbuilt events as the next build will have them
--
-- A parameterized view: the rows of `sessions`, of which those of `devices` that start on `days` are recomputed from
-- their events.

with tail_events as (
    select * from {{ ref('int_tail_events') }}({{ tail_arguments() }})
    where device_id in {devices:Array(String)}
        and (local_day in {days:Array(Date)} or local_day - 1 in {days:Array(Date)})
        and session_day in {days:Array(Date)}
        and session_id != 0
),

made_anew as (
    with events as (
        with events as (
            select * from tail_events
        ),

        {{ valued() }}
    ),

    first_events as (
        select * from tail_events
        where is_session_start
    ),

    {{ sessions_of_events() }}
)

select * from {{ ref('sessions') }}
where project_id = {project:String}
    and not (day in {days:Array(Date)} and device_id in {devices:Array(String)})
union all
select * from made_anew
