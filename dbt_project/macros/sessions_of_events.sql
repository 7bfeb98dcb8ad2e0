{#- SQL: the rest of a statement that has the CTEs `events` (all events of some sessions, with the columns of `valued`) and
    `first_events` (the first event of each of these sessions, with the columns of `events`).

    It gives one row per session: the columns of `sessions`. -#}
{% macro sessions_of_events() -%}
source_categories as (
    select * from {{ ref('ga4_source_categories') }}
),

-- What follows from all events of a session.
measured as (
    select
        project_id,
        session_id,
        argMinIf(client_session_id, position, client_session_id != '') as first_client_session_id,
        argMaxIf(profile_id, position, is_identified) as last_identified_id,
        max(created_at) as ended_at,
        toUInt64(countIf(is_screen_view)) as screen_view_count,
        count() as event_count,
        arrayMap(view -> view.2, arraySort(groupArrayIf((position, path), is_screen_view))) as all_paths,
        sum(revenue) as revenue
    from events
    group by project_id, session_id
),

-- What follows from the first event: the source and the medium, and with Google's category of the source the channel.
marked as (
    select
        first_events.*,
        {{ channel_source() }} as source,
        {{ channel_medium() }} as medium
    from first_events
),

classified as (
    select
        marked.*,
        source_categories.source_category as source_category
    from marked
    left join source_categories on marked.source = source_categories.source
)

select
    classified.project_id as project_id,
    classified.local_day as day,
    classified.session_id as session_id,
    classified.device_id as device_id,
    classified.device_kind as device_kind,
    measured.first_client_session_id as client_session_id,
    if(last_identified_id != '', last_identified_id, classified.profile_id) as profile_id,
    cast(last_identified_id != '' as Bool) as is_identified,
    classified.created_at as started_at,
    measured.ended_at as ended_at,
    classified.hour as hour,
    toUInt32(intDiv(dateDiff('millisecond', started_at, ended_at), 1000)) as duration_seconds,
    measured.screen_view_count as screen_view_count,
    measured.event_count as event_count,
    cast({{ is_bounce('screen_view_count', 'event_count') }} as Bool) as is_bounce,
    all_paths[1] as entry_path,
    all_paths[-1] as exit_path,
    arraySlice(all_paths, 1, 20) as paths,
    measured.revenue as revenue,
    origin, referrer, referrer_name, referrer_type,
    utm_source, utm_medium, utm_campaign, utm_term, utm_content, click_id,
    cast({{ channel() }} as LowCardinality(String)) as channel,
    country, region, city, os, os_version, browser, browser_version, device, brand, model, language, user_agent
from classified
inner join measured on classified.project_id = measured.project_id and classified.session_id = measured.session_id
{%- endmacro %}
