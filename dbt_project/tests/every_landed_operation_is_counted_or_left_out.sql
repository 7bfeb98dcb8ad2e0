-- Rows in = rows out + left out: an operation that had landed before the run is counted once, or it is a bot's, or it
-- repeats a message received before it. And nothing is counted that did not land.
{{ config(meta={'dagster': {'ref': {'name': 'int_operations'}}}) }}

with landed as (
    select project_id, event_id, is_bot, received_at, batch_id, batch_row
    from {{ ref('stg_profile_operations') }}
    where {{ in_tested_days('raw', before=1, after=1) }} and {{ in_tested_days('local_day') }}
),

counted as (
    select project_id, batch_id, batch_row from {{ ref('int_operations') }}
    where {{ in_tested_days('local_day') }}
),

missing as (
    select * from landed
    where not is_bot
        and (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from counted)
        and batch_id in (
            {{ landed_before_the_run('select batch_id from landed') }}
        )
),

repeated as (
    select missing.project_id as project_id, missing.batch_id as batch_id, missing.batch_row as batch_row
    from missing
    inner join {{ source('lens_raw', 'profile_operations') }} as earlier
        on missing.project_id = earlier.project_id and missing.event_id = earlier.event_id
    where (earlier.received_at, earlier.batch_id, earlier.batch_row)
        < (missing.received_at, missing.batch_id, missing.batch_row)
)

select 'lost' as finding, project_id, batch_id, batch_row from missing
where (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from repeated)
union all
select 'made up' as finding, project_id, batch_id, batch_row from counted
where (project_id, batch_id, batch_row) not in (select project_id, batch_id, batch_row from landed)
union all
select 'twice' as finding, project_id, batch_id, batch_row from counted
group by project_id, batch_id, batch_row
having count() > 1
