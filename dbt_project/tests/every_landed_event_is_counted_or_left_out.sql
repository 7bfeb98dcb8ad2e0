-- Rows in = rows out + left out: an event that had landed before the run is in the facts once, or it is a bot's, opens or
-- closes a session, or repeats another row. And the facts hold nothing that did not land.

with landed as (
    select project_id, event_id, device_id, body_hash, received_at, batch_id, batch_row, name, is_bot, local_day
    from {{ ref('stg_events') }}
    where {{ in_tested_days('raw', before=1, after=1) }} and {{ in_tested_days('local_day') }}
),

facts as (
    select project_id, event_id, batch_id, batch_row from {{ ref('int_events__sessionized') }}
    where {{ in_tested_days('local_day') }}
),

missing as (
    select * from landed
    where not is_bot
        and name not in ('session_start', 'session_end')
        and (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from facts)
        and batch_id in (
            select batch_id from {{ source('lens_raw', 'batches') }}
            where landed_at < toDateTime64('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}', 3, 'UTC')
        )
),

-- What can be the row that a missing one repeats.
earlier as (
    select project_id, event_id, device_id, body_hash, received_at, batch_id, batch_row
    from {{ source('lens_raw', 'events') }}
    where toDate(received_at) in (select arrayJoin(arrayMap(back -> toDate(received_at) - back, range(8))) from missing)
        and (event_id in (select event_id from missing) or body_hash in (select body_hash from missing where body_hash != 0))
),

repeated as (
    select missing.project_id as project_id, missing.batch_id as batch_id, missing.batch_row as batch_row
    from missing
    inner join earlier on missing.project_id = earlier.project_id
    where (earlier.event_id = missing.event_id
            or (earlier.body_hash = missing.body_hash and earlier.device_id = missing.device_id and missing.body_hash != 0))
        and (earlier.received_at, earlier.batch_id, earlier.batch_row)
            < (missing.received_at, missing.batch_id, missing.batch_row)
)

select 'lost' as finding, project_id, toString(event_id) as event_id from missing
where (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from repeated)
union all
select 'made up' as finding, project_id, toString(event_id) as event_id from facts
where (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from landed)
union all
select 'twice' as finding, project_id, toString(any(event_id)) as event_id from facts
group by project_id, batch_id, batch_row
having count() > 1
union all
select 'landed twice' as finding, project_id, toString(event_id) as event_id from landed
where (project_id, batch_id, batch_row) in (select project_id, batch_id, batch_row from facts)
group by project_id, event_id, received_at
having count() > 1
