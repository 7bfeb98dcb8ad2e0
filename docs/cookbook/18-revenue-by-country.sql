-- What was earned in each country, in which currency?
select country, currency, toFloat64(sum(revenue)) as earned, count() as sales, round(earned / sales, 2) as per_sale
from lens.events
where project_id = {project:String} and local_day between {start:Date} and {end:Date} and revenue != 0
group by country, currency
order by sales desc, country
