{{ config(tags='folded', materialized='table', order_by=['project_id', 'device_id', 'valid_from']) }}
-- grain: one row per device and stretch of time in which one profile owns it
--
-- What readers see. It is published after the days are built: a build that failed before finds its changed owners again.

select
    project_id,
    device_id,
    profile_id,
    valid_from,
    valid_to
from {{ ref('int_identities') }}
