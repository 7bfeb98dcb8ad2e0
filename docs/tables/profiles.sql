-- How many customers are in the club?
select toString(properties.plan) as plan, count() as people
from lens.profiles
where project_id = {project:String} and is_identified
group by plan
order by plan
