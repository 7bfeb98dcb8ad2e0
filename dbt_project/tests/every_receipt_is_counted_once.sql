-- Rows in = rows out + rejected, and the four classes add up, for every project and hour of receipt.

with landed as (
    select project_id, received_at from {{ source('lens_raw', 'events') }}
    where {{ in_tested_days('toDate(received_at)', 'receive_days') }}
    union all
    select project_id, received_at from {{ source('lens_raw', 'profile_operations') }}
    where {{ in_tested_days('toDate(received_at)', 'receive_days') }}
    union all
    select project_id, received_at from {{ source('lens_raw', 'quarantine') }}
    where {{ in_tested_days('toDate(received_at)', 'receive_days') }}
),

hours as (
    select
        project_id,
        toStartOfHour(toDateTime(received_at, 'UTC')) as hour,
        count() as landed_count
    from landed
    group by project_id, hour
),

ledger as (
    select * from {{ ref('ingest_hourly') }}
    where {{ in_tested_days('day', 'receive_days') }}
)

select
    hours.landed_count as landed_count,
    ledger.received as received
from hours
full outer join ledger on hours.project_id = ledger.project_id and hours.hour = ledger.hour
where hours.landed_count != ledger.received
    or ledger.received != ledger.accepted + ledger.duplicate + ledger.bot + ledger.rejected
