-- grain: one row per profile
select * exclude (moment) from profile_states where moment = timestamp '9999-12-31'
