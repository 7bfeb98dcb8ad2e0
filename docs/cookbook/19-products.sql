-- Which products are sold? (a property of events)
select
    toString(properties.product) as product,
    countIf(name = 'add_to_cart') as put_in_cart,
    countIf(name = 'purchase') as sold
from lens.events
where project_id = {project:String} and local_day between {start:Date} and {end:Date}
    and name in ('add_to_cart', 'purchase')
group by product
order by sold desc, product
