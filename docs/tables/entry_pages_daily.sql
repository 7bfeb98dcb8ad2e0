-- How many visits began on the first page of the shop?
select sum(sessions) as sessions, uniqCombined64Merge(unique_visitors_state) as unique_visitors
from lens.entry_pages_daily
where project_id = {project:String} and day between {start:Date} and {end:Date} and path = '/'
