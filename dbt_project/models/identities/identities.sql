{{ config(tags='folded', materialized='table', order_by=['project_id', 'device_id', 'valid_from']) }}
-- grain: one row per device and stretch of time in which one profile owns it
--
-- A copy of `int_identities` for readers. It is published after the days are built. So after a failed build, the next
-- build still finds the owners that have changed.

select
    project_id,
    device_id,
    profile_id,
    valid_from,
    valid_to
from {{ ref('int_identities') }}
