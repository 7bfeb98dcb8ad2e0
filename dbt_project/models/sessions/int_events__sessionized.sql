{{ config(
    tags='facts', schema='lens_staging', partition_by='local_day',
    order_by=['project_id', 'local_day', 'device_id', 'created_at'],
    query_settings={'min_insert_block_size_rows': 1000000}, settings={'min_bytes_for_wide_part': 134217728}
) }}
-- grain: one row per event that counts (no duplicate, no bot, no session_start or session_end), with its session
--
-- It reads raw events. It has only the columns from which sessions and identities are made; `events` adds the other
-- columns from the raw table, by batch and row. The profile is the one that was sent. The session of an event on local
-- day L depends on the events and handovers of L - 4 to L (docs/decisions/0003-session-reach.md), so these days are
-- read, and only the rows of the days to build are kept.

with events as (
    select
        project_id, event_id, name, device_id, device_kind, profile_id, client_session_id, created_at, received_at, day,
        local_day, hour, is_bot, batch_id, batch_row, session_timeout_seconds
    from {{ ref('stg_events') }}
    where {{ in_raw_window(before=3) }}
),

copies as (
    select project_id, batch_id, batch_row from {{ ref('int_event_copies') }}
    where {{ in_window('day', before=4, after=1) }}
),

handovers as (
    select * from {{ ref('int_device_handovers') }}
    where {{ in_window('utc_day', before=4, after=1) }}
),

{{ in_sessions(read=in_window('local_day', before=3), kept=in_window('local_day')) }}
