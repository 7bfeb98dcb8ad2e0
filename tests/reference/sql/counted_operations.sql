-- grain: one row per operation that counts, numbered in the order in which values are folded
select
    *,
    row_number() over (order by project_id, created_at, received_at, batch_id, batch_row) as fold_order
from received_operations
where not is_duplicate and not is_left_out_bot
