-- Rows in = rows out + rejected, and the four classes add up, for every project and hour of receipt. Events go on landing
-- while a build runs, so the ledger holds at least what had landed before it, and at most what is there now.
{{ config(meta={'dagster': {'ref': {'name': 'ingest_hourly'}}}) }}

with landed as (
    select project_id, received_at, batch_id from {{ source('lens_raw', 'events') }}
    where {{ in_tested_days('toDate(received_at)', 'receive_days') }}
    union all
    select project_id, received_at, batch_id from {{ source('lens_raw', 'profile_operations') }}
    where {{ in_tested_days('toDate(received_at)', 'receive_days') }}
    union all
    select project_id, received_at, batch_id from {{ source('lens_raw', 'quarantine') }}
    where {{ in_tested_days('toDate(received_at)', 'receive_days') }}
),

before as (
    {{ landed_before_the_run('select batch_id from landed') }}
),

hours as (
    select
        project_id,
        toStartOfHour(toDateTime(received_at, 'UTC')) as hour,
        count() as landed_count,
        countIf(batch_id in (select batch_id from before)) as landed_before_count
    from landed
    group by project_id, hour
),

ledger as (
    select * from {{ ref('ingest_hourly') }}
    where {{ in_tested_days('day', 'receive_days') }}
)

select
    hours.landed_count as landed_count,
    hours.landed_before_count as landed_before_count,
    ledger.received as received
from hours
full outer join ledger on hours.project_id = ledger.project_id and hours.hour = ledger.hour
where ledger.received not between hours.landed_before_count and hours.landed_count
    or ledger.received != ledger.accepted + ledger.duplicate + ledger.bot + ledger.rejected
