{{ config(tags='facts', schema='lens_staging', materialized='table', order_by=['local_day', 'project_id']) }}
-- grain: one row per project and local day on which the public tables show another owner than the identities say now
--
-- It compares `int_identities` and `int_aliases` with those of the last build: `lens.identities`, which readers see,
-- and `int_aliases__published`. Both are published at the end of a build, so after a killed build the next one finds
-- the same days again. `int_device_days` says on which days a changed device has events. The table is empty if
-- everything is built anyway.
{% set identities = none if flags.FULL_REFRESH else last_published(generate_schema_name('lens', none), 'identities') %}
{% set aliases = none if flags.FULL_REFRESH else last_published('lens_staging', 'int_aliases__published') %}
{% set is_first_build = identities is none or aliases is none %}

with now as (
    select project_id, device_id, profile_id, valid_from, valid_to from {{ ref('int_identities') }}
),

seen as (
    select project_id, device_id, profile_id, valid_from, valid_to
    from {{ ref('int_identities') if is_first_build else identities }}
),

now_aliases as (
    select project_id, alias, profile_id from {{ ref('int_aliases') }}
),

seen_aliases as (
    select project_id, alias, profile_id from {{ ref('int_aliases') if is_first_build else aliases }}
),

-- The stretches that only one of the two builds has: `side` is 1 for the identities now and -1 for those of the last build.
differing as (
    select 1 as side, * from (select * from now except select * from seen)
    union all
    select -1 as side, * from (select * from seen except select * from now)
),

device_days as (
    select * from {{ ref('int_device_days') }}
),

-- Per device and day: the stretches that differ, cut to the time of the day's events. A stretch that only grew or
-- shrank outside of it cancels out.
differing_days as (
    select
        device_days.project_id as project_id,
        device_days.local_day as local_day,
        differing.profile_id as profile_id,
        greatest(differing.valid_from, device_days.first_at) as owned_from,
        least(differing.valid_to, device_days.last_at + interval 1 millisecond) as owned_to,
        device_days.device_id as device_id,
        sum(differing.side) as balance
    from device_days
    inner join differing
        on device_days.project_id = differing.project_id and device_days.device_id = differing.device_id
    where differing.valid_from <= device_days.last_at and differing.valid_to > device_days.first_at
    group by project_id, local_day, profile_id, owned_from, owned_to, device_id, {{ unguessable('profile_id, device_id') }}
    having balance != 0
),

changed_aliases as (
    select project_id, alias from (select * from now_aliases except select * from seen_aliases)
    union distinct
    select project_id, alias from (select * from seen_aliases except select * from now_aliases)
),

renamed_days as (
    select project_id, local_day
    from device_days
    array join profile_ids as profile_id
    where (project_id, profile_id) in (select project_id, alias from changed_aliases)
)

-- A session that started on the day before can have events on the day.
select distinct
    project_id,
    arrayJoin([local_day - 1, local_day]) as local_day
from (
    select project_id, local_day from differing_days
    union all
    select project_id, local_day from renamed_days
)
