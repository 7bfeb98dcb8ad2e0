-- Where do visits go from their first page?
select from_path as source, to_path as target, sum(sessions) as value
from lens.page_flows_daily
where project_id = {project:String} and day between {start:Date} and {end:Date}
    and step = 2 and to_path != ''
group by source, target
order by value desc, source, target
limit 5
