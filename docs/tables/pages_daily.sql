-- How long is the blog read?
select path, sum(pages_daily.views) as views, round(sum(seconds) / sum(timed_views), 1) as seconds_per_view
from lens.pages_daily
where project_id = {project:String} and day between {start:Date} and {end:Date} and startsWith(path, '/blog')
group by path
order by views desc
