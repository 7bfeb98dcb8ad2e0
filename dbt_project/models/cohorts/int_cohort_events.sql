{{ config(
    tags='daily', schema='lens_staging', partition_by='local_day',
    order_by=['project_id', 'cohort_id', 'profile_id', 'criterion'],
    query_settings=judged_in_small_blocks()
) }}
-- grain: one row per local day, cohort, criterion and profile with events that fit the criterion, with the times of
-- these events
--
-- It reads the events of the days to build and the criteria. It is the only model of cohorts that reads events, so
-- `cohort_members` can be built over all days without reading them.
{% set filters = "JSONExtractRaw(arrayJoin(JSONExtractArrayRaw(criteria)), 'filters')" %}
{% set fields = named_fields('event',
    'select arrayJoin(' ~ names_in_filters(filters) ~ ') from ' ~ source('lens_raw', 'cohort_definitions') ~ ' final') %}

with criteria as (
    select
        project_id,
        cohort_id,
        criterion,
        event_name,
        first_day,
        last_day,
        {{ parsed_filters('event_filters', fields) }} as filters
    from {{ ref('stg_cohort_criteria') }}
    where event_name != ''
),

events as (
    select
        project_id,
        local_day,
        profile_id,
        name,
        created_at,
        {{ field_texts(fields) }} as texts
    from {{ ref('events') }}
    where {{ in_window('local_day') }}
        and profile_id != ''
        and name in (select event_name from criteria)
)

select
    events.project_id as project_id,
    events.local_day as local_day,
    criteria.cohort_id as cohort_id,
    criteria.criterion as criterion,
    events.profile_id as profile_id,
    arraySort(groupArray(events.created_at)) as moments
from events
inner join criteria on events.project_id = criteria.project_id and events.name = criteria.event_name
where events.local_day between criteria.first_day and criteria.last_day
    and {{ fits_filters('criteria.filters', 'events.texts') }}
group by project_id, local_day, cohort_id, criterion, profile_id, {{ unguessable('profile_id') }}
