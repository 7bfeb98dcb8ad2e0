-- grain: one row per chain of an ordered or strict funnel's events, each step's time in `times`
with recursive walks as (
    select
        project_id,
        funnel_id,
        entity,
        event_key as start_key,
        moment as start_at,
        moment,
        1 as step,
        [event_key] as taken,
        [moment] as times
    from funnel_fits
    where step = 1 and step_order <> 'any'
    union all
    (
        select
            walks.project_id,
            walks.funnel_id,
            walks.entity,
            start_key,
            start_at,
            fits.moment,
            fits.step,
            list_sort(list_append(taken, fits.event_key)) as now_taken,
            list_append(times, fits.moment)
        from walks
        inner join funnel_fits as fits
            on fits.project_id = walks.project_id
            and fits.funnel_id = walks.funnel_id
            and fits.entity = walks.entity
            and fits.step = walks.step + 1
            and fits.moment >= walks.moment
            and fits.moment <= start_at + fits.within
        left join next_instants
            on next_instants.project_id = walks.project_id
            and next_instants.funnel_id = walks.funnel_id
            and next_instants.entity = walks.entity
            and next_instants.moment = walks.moment
        where
            not list_contains(taken, fits.event_key)
            and (step_order = 'ordered' or fits.moment = walks.moment or fits.moment = next_at)
        -- In order, the earliest event leaves the most to the steps after it; strict may have to let one pass.
        qualify
            (
                step_order = 'strict'
                or rank() over (partition by walks.project_id, walks.funnel_id, start_key order by fits.moment) = 1
            )
            and row_number() over (
                partition by walks.project_id, walks.funnel_id, start_key, now_taken, fits.moment order by times
            ) = 1
    )
)

select * from walks
