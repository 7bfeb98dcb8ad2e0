-- On which days did most visits begin on the first page of the shop?
select day, sessions, unique_visitors
from lens.entry_pages_daily
where project_id = {project:String} and day between {start:Date} and {end:Date} and path = '/'
order by sessions desc, day
limit 5
