{{ config(
    tags='daily', partition_by='local_day', order_by=['project_id', 'local_day', 'device_id', 'created_at'],
    query_settings={'min_insert_block_size_rows': 1000000}, settings={'min_bytes_for_wide_part': 134217728}
) }}
-- grain: one row per event that counts, with its session and the profile it belongs to after stitching
--
-- What was sent comes from raw. Raw keeps short texts plain, because they land faster so
-- (docs/decisions/0014-text-in-raw.md). Rows come nearly in order of days, so small blocks leave no more parts.

with facts as (
    select * from {{ ref('int_events__sessionized') }}
    where {{ in_window('local_day') }}
),

sent as (
    select * from {{ source('lens_raw', 'events') }}
    where {{ in_raw_window() }}
),

{{ owned_events(
    aliases=ref('int_aliases'), identities=ref('int_identities'),
    of_facts='(project_id, device_id) in (select project_id, device_id from facts)'
) }}
