{{ config(tags='folded', materialized='view', schema='lens_staging') }}
-- grain: one row per event of some devices of a project that repeats an earlier event, as the next build will judge
--
-- A parameterized view over the raw events, like all views of the tail (docs/decisions/0034-the-tail.md). It is the
-- first: its result is a parameter of the next ones.

with of_project as (
    select
        project_id, event_id, message_id, device_id, body_hash, day, received_at, import_id, batch_id, batch_row
    from {{ source('lens_raw', 'events') }}
    where project_id = {project:String}
),

events as (
    select * from of_project
    where {{ is_read_for_tail() }}
)

select batch_id, batch_row from ({{ duplicates_of('events', 'of_project', has_bodies=true) }})
