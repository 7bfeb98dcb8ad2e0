-- Rows in = rows out + left out: of what had landed before the run, the facts hold every event once that is not a bot's, does
-- not open or close a session and is not a copy, and nothing else. Rows are compared by their number and the sum of their
-- hashes for each project and day. And each copy repeats a row received before it.
{{ config(meta={'dagster': {'ref': {'name': 'int_events__sessionized'}}}) }}

with batches as (
    {{ landed_before_the_run(
        'select batch_id from ' ~ ref('stg_events') ~ ' where ' ~ in_tested_days('raw', before=1, after=1)
        ~ ' union distinct select batch_id from ' ~ ref('int_events__sessionized') ~ ' where ' ~ in_tested_days('local_day')
    ) }}
),

copies as (
    select project_id, batch_id, batch_row from {{ ref('int_event_copies') }}
    where {{ in_tested_days('day', before=1, after=1) }}
),

counted as (
    select project_id, local_day, 1 as landed, 0 as in_facts, sipHash64(batch_id, batch_row) as row_hash
    from {{ ref('stg_events') }}
    where {{ in_tested_days('raw', before=1, after=1) }} and {{ in_tested_days('local_day') }}
        and not is_bot
        and name not in ('session_start', 'session_end')
        and batch_id in (select batch_id from batches)
        and (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from copies)
    union all
    select project_id, local_day, 0, 1, sipHash64(batch_id, batch_row)
    from {{ ref('int_events__sessionized') }}
    where {{ in_tested_days('local_day') }} and batch_id in (select batch_id from batches)
),

copied as (
    select project_id, event_id, device_id, body_hash, received_at, batch_id, batch_row
    from {{ source('lens_raw', 'events') }}
    where {{ in_tested_days('raw', before=1, after=1) }}
        and (project_id, batch_id, batch_row) in (select project_id, batch_id, batch_row from copies)
),

-- What can be the row that a copy repeats.
earlier as (
    select project_id, event_id, device_id, body_hash, received_at, batch_id, batch_row
    from {{ source('lens_raw', 'events') }}
    where toDate(received_at) in (select arrayJoin(arrayMap(back -> toDate(received_at) - back, range(8))) from copied)
        and (event_id in (select event_id from copied) or body_hash in (select body_hash from copied where body_hash != 0))
),

repeated as (
    select copied.project_id as project_id, copied.batch_id as batch_id, copied.batch_row as batch_row
    from copied
    inner join earlier on copied.project_id = earlier.project_id and copied.event_id = earlier.event_id
    where (earlier.received_at, earlier.batch_id, earlier.batch_row)
        < (copied.received_at, copied.batch_id, copied.batch_row)
    union all
    select copied.project_id, copied.batch_id, copied.batch_row
    from copied
    inner join earlier
        on copied.project_id = earlier.project_id
        and copied.device_id = earlier.device_id
        and copied.body_hash = earlier.body_hash
    where copied.body_hash != 0
        and (earlier.received_at, earlier.batch_id, earlier.batch_row)
            < (copied.received_at, copied.batch_id, copied.batch_row)
)

select
    'lost, made up or twice' as finding,
    project_id,
    toString(local_day) as place,
    sum(counted.landed) as landed,
    sum(counted.in_facts) as in_facts
from counted
group by project_id, local_day
having landed != in_facts
    or sumWithOverflowIf(row_hash, counted.landed = 1) != sumWithOverflowIf(row_hash, counted.in_facts = 1)
union all
select 'no copy', project_id, batch_id || ' ' || toString(batch_row), 1, 0
from copied
where (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from repeated)
