-- grain: one row per first event of a funnel in any order, `times[k]` being when k different steps were done
with moments as (
    select
        project_id, funnel_id, entity, event_key, moment, step_count, within,
        bit_or(1 << (step - 1)) as fitting
    from funnel_fits
    where step_order = 'any'
    group by all
),

starts as (
    select project_id, funnel_id, entity, event_key as start_key, moment as start_at, step_count, within from moments
),

subsets as (
    select *, unnest(range(1, 1 << step_count)) as subset from starts
),

-- k different steps have an event each as soon as every subset of c steps has k - n + c events (Koenig).
timed as (
    select
        subsets.project_id, subsets.funnel_id, subsets.start_key, subsets.start_at, subsets.step_count, subset,
        coalesce(list(moments.moment order by moments.moment) filter (fitting & subset <> 0), []) as times
    from subsets
    inner join moments
        on moments.project_id = subsets.project_id
        and moments.funnel_id = subsets.funnel_id
        and moments.entity = subsets.entity
        and moments.moment >= subsets.start_at
        and moments.moment <= subsets.start_at + subsets.within
    group by all
),

needed as (
    select *, done - step_count + bit_count(subset) as need
    from (select *, unnest(range(1, step_count + 1)) as done from timed)
),

done_at as (
    select project_id, funnel_id, start_key, start_at, done, max(times[need]) as moment
    from needed
    where need > 0
    group by all
    having count(*) = count(times[need])
)

select project_id, funnel_id, start_key, start_at, list(moment order by done) as times
from done_at
group by all
