-- grain: one row per event received, copies and bots included
with compared as (
    select
        *,
        lag(received_at) over (
            partition by project_id, event_id, message_id = '' order by received_at, batch_id, batch_row
        ) as same_id_at,
        lag(received_at) over (
            partition by project_id, device_id, body_hash, message_id = '' and import_id = ''
            order by received_at, batch_id, batch_row
        ) as same_body_at
    from raw.events
)

select
    compared.* exclude (same_id_at, same_body_at),
    row_number() over (order by project_id, received_at, batch_id, batch_row) as event_key,
    coalesce(
        case
            when message_id <> '' then received_at - same_id_at <= interval 7 days
            when import_id = '' and body_hash <> 0 and duplicate_window > interval 0 seconds
                then received_at - same_body_at <= duplicate_window
        end,
        false
    ) as is_duplicate,
    is_bot and not list_bool_or([false] || [
        bot_reason = allowed or (suffix(allowed, '*') and starts_with(bot_reason, allowed[:-2]))
        for allowed in allowed_bots
    ]) as is_left_out_bot,
    timezone,
    timeout,
    upper(compared.currency) in ('', settings.currency) as is_countable
from compared
inner join settings using (project_id)
