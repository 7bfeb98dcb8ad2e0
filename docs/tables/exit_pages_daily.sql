-- On which page do visits end most often?
select path, sum(exit_pages_daily.sessions) as sessions
from lens.exit_pages_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
group by path
order by sessions desc
limit 1
