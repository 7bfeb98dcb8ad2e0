{{ config(
    tags='daily', partition_by='local_day', order_by=['project_id', 'local_day', 'device_id', 'created_at'],
    query_settings={'min_insert_block_size_rows': 1000000}, settings={'min_bytes_for_wide_part': 134217728}
) }}
-- grain: one row per event that counts, with its session and the profile that owns it
--
-- It reads the events of the days to build from `int_events__sessionized`, joins the columns that were sent from the
-- raw table, and finds the owners by `int_aliases` and `int_identities`. The raw table keeps short texts plain, because
-- they land faster that way (docs/decisions/0014-text-in-raw.md); here they become `LowCardinality`. Rows come nearly
-- in order of days, so small blocks do not leave more parts.

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
