-- grain: one row per session
with ordered as (
    select
        *,
        row_number() over (partition by session_key order by created_at, event_id, event_key) as place,
        lead(created_at) over (partition by session_key order by created_at, event_id, event_key) as next_at
    from session_events
    where session_key is not null
),

folded as (
    select
        session_key,
        max(created_at) as ended_at,
        coalesce(arg_min(client_session_id, place) filter (client_session_id <> ''), '') as client_session_id,
        coalesce(
            arg_max(profile_id, place) filter (is_identified), arg_min(profile_id, place)
        ) as profile_id,
        bool_or(is_identified) as is_identified,
        count(*) filter (is_screen_view) as screen_view_count,
        count(*) as event_count,
        coalesce(list(path order by place) filter (is_screen_view), []) as viewed,
        coalesce(sum(revenue) filter (is_countable), 0) as revenue
    from ordered
    group by session_key
)

select
    firsts.project_id,
    firsts.local_day as day,
    session_key,
    coalesce(session_ids.session_id, 0) as session_id,
    firsts.device_id,
    firsts.device_kind,
    folded.client_session_id,
    folded.profile_id,
    folded.is_identified,
    firsts.created_at as started_at,
    folded.ended_at,
    firsts.hour,
    (epoch_ms(folded.ended_at) - epoch_ms(firsts.created_at)) // 1000 as duration_seconds,
    screen_view_count,
    event_count,
    screen_view_count = 1 and (getvariable('bounce_rule') = 'screen_views' or event_count = 1) as is_bounce,
    coalesce(viewed[1], '') as entry_path,
    coalesce(viewed[-1], '') as exit_path,
    viewed[1:20] as paths,
    viewed,
    folded.revenue,
    firsts.origin,
    firsts.referrer,
    firsts.referrer_name,
    firsts.referrer_type,
    firsts.utm_source,
    firsts.utm_medium,
    firsts.utm_campaign,
    firsts.utm_term,
    firsts.utm_content,
    firsts.click_id,
    coalesce(channels.channel, '') as channel,
    firsts.country,
    firsts.region,
    firsts.city,
    firsts.os,
    firsts.os_version,
    firsts.browser,
    firsts.browser_version,
    firsts.device,
    firsts.brand,
    firsts.model,
    firsts.language,
    firsts.user_agent
from folded
inner join ordered as firsts using (session_key)
left join raw.session_ids as session_ids
    on session_ids.project_id = firsts.project_id
    and session_ids.device_id = firsts.device_id
    and session_ids.started_at = firsts.created_at
left join raw.channels as channels
    on channels.referrer = firsts.referrer
    and channels.referrer_name = firsts.referrer_name
    and channels.referrer_type = firsts.referrer_type
    and channels.utm_source = firsts.utm_source
    and channels.utm_medium = firsts.utm_medium
    and channels.utm_campaign = firsts.utm_campaign
    and channels.click_id = firsts.click_id
where firsts.place = 1
