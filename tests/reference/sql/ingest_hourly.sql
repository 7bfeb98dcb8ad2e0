-- grain: one row per project and UTC hour of receipt
with receipts as (
    select project_id, received_at, false as is_rejected, is_duplicate, is_left_out_bot from received_events
    union all
    select project_id, received_at, false, is_duplicate, is_left_out_bot from received_operations
    union all
    select project_id, received_at, true, false, false from raw.quarantine
)

select
    project_id,
    date_trunc('hour', received_at) as hour,
    received_at::date as day,
    count(*) as received,
    count(*) filter (not is_rejected and not is_duplicate and not is_left_out_bot) as accepted,
    count(*) filter (is_duplicate) as duplicate,
    count(*) filter (is_left_out_bot and not is_duplicate) as bot,
    count(*) filter (is_rejected) as rejected
from receipts
group by all
