-- grain: one row per event that counts
select
    session_events.*,
    coalesce(session_id, 0) as session_id
from session_events
left join (select session_key, session_id from sessions) as of_session using (session_key)
