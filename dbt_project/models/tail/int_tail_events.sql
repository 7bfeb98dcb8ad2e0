{{ config(tags='folded', materialized='view', schema='lens_staging') }}
-- grain: one row per event of a project that counts, including unbuilt events as the next build will have them
--
-- A parameterized view: the rows of `events`, of which those of `devices` on `days` are recomputed from the raw tables
-- by `int_tail_facts`. Owners are those of the last build.

with made_anew as (
    with facts as (
        select * from {{ ref('int_tail_facts') }}({{ tail_arguments() }})
    ),

    sent as (
        select * from {{ source('lens_raw', 'events') }}
        where {{ is_read_for_tail() }}
    ),

    {{ owned_events(
        aliases=ref('int_aliases__published'), identities=ref('identities'),
        of_facts='project_id = {project:String} and device_id in {devices:Array(String)}'
    ) }}
)

select * from {{ ref('events') }}
where project_id = {project:String}
    and not (local_day in {days:Array(Date)} and device_id in {devices:Array(String)})
union all
select * from made_anew
