-- Which channel has the most credit for purchases, by its last visit?
select channel, sum(credit) as conversions, round(sum(attribution.revenue), 2) as revenue
from lens.attribution
where project_id = {project:String} and goal_id = 'purchase' and model = 'last' and day between {start:Date} and {end:Date}
group by channel
order by conversions desc
limit 3
