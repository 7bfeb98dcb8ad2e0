-- grain: one row per operation received, copies and bots included
with compared as (
    select
        *,
        lag(received_at) over (
            partition by project_id, event_id, message_id = '' order by received_at, batch_id, batch_row
        ) as same_id_at
    from raw.operations
)

select
    compared.* exclude (same_id_at),
    message_id <> '' and coalesce(received_at - same_id_at <= interval 7 days, false) as is_duplicate,
    is_bot and not list_bool_or([false] || [
        bot_reason = allowed or (suffix(allowed, '*') and starts_with(bot_reason, allowed[:-2]))
        for allowed in allowed_bots
    ]) as is_left_out_bot
from compared
inner join settings using (project_id)
