{{ config(tags='folded', materialized='view', schema='lens_staging') }}
-- grain: one row per event that counts, of some devices of a project on some days, as the next build will have it
--
-- A parameterized view over the raw events, with the SQL of `int_events__sessionized`. Copies and handovers are
-- parameters, because ClickHouse would otherwise inline the views that find them many times over.

with events as (
    select
        project_id, event_id, name, device_id, device_kind, profile_id, client_session_id, created_at, received_at, day,
        local_day, hour, is_bot, batch_id, batch_row, session_timeout_seconds
    from {{ ref('stg_events') }}
    where {{ is_read_for_tail() }}
),

copies as (
    {{ found_copies() }}
),

handovers as (
    {{ found_handovers() }}
),

{{ in_sessions(read='true', kept='local_day in {days:Array(Date)} and device_id in {devices:Array(String)}') }}
