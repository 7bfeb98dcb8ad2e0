-- Where do visits go from the products?
select to_path, sum(page_flows_daily.sessions) as sessions
from lens.page_flows_daily
where project_id = {project:String} and day between {start:Date} and {end:Date} and from_path = '/products'
group by to_path
order by sessions desc
limit 3
