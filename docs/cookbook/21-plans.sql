-- What do customers of each plan do? (a property of people)
select
    toString(properties.plan) as plan,
    count() as people,
    sum(session_count) as sessions,
    round(sum(toFloat64(revenue)) / people, 2) as revenue_per_person
from lens.profiles
where project_id = {project:String} and is_identified
group by plan
order by people desc, plan
