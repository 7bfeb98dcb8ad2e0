-- Which channels earn the credit for purchases, under each model?
-- lens.attribution("purchase", **period)
select
    channel,
    sumIf(credit, model = 'first') as credit_first,
    sumIf(credit, model = 'last') as credit_last,
    sumIf(credit, model = 'last_non_direct') as credit_last_non_direct,
    sumIf(credit, model = 'linear') as credit_linear,
    sumIf(credit, model = 'position_based') as credit_position_based,
    sumIf(credit, model = 'time_decay') as credit_time_decay
from lens.attribution
where project_id = {project:String} and goal_id = 'purchase' and day between {start:Date} and {end:Date}
group by channel
having max(credit) > 0
order by round(credit_first, 6) desc, channel
