-- How many of those who entered the funnel on a day bought?
select day, entered, reached
from lens.funnels_daily
where project_id = {project:String} and funnel_id = 'buying' and step = 3 and day between {start:Date} and {end:Date}
order by reached desc, day
limit 3
