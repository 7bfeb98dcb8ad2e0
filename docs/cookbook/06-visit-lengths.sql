-- How long are visits, and how many pages do they have?
select
    device,
    count() as sessions,
    quantileExact(0.5)(duration_seconds) as median_seconds,
    quantileExact(0.9)(duration_seconds) as ninth_decile_seconds,
    round(avg(screen_view_count), 2) as views_per_session
from lens.sessions
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by device
order by sessions desc
