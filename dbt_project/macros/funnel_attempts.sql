{#- The attempts at funnels, as CTEs for a statement that has a CTE `funnels` (`funnel_definitions`). They read
    `int_funnel_days`, and the last one is

        attempts: one row per funnel, entity and local day on which the entity enters the funnel. The row is the deepest
        attempt that begins on that day, the earliest of equally deep ones: `reached` has the times of its steps in
        milliseconds, `breakdown_value` is the value of its first event.

    Between the two, an entity is one row with arrays over its instants, which are the times at which it did something. A
    chain (the times of some steps, in order) is found from its last step to its first: `after_k` has for each instant the
    best chain that begins with step k at a later instant. For a funnel of three steps, of which the entity does step 1
    at 10 and 30, step 2 at 20, and step 3 at 40:

        moments       10            20      30      40
        after_3       [40]          [40]    [40]    []
        after_2       [20, 40]      []      []      []
        reached_at    [10, 20, 40]  []      [30]    []

    `reached_at` has the attempt that begins at each instant; of this entity and day the first one counts. `shape`
    (`funnel_shape`) says how many CTEs and which orders of steps the funnels need. -#}
{% macro funnel_attempts(shape) -%}
{%- set kinds = ['ordered'] + (['strict'] if shape.has_strict else []) + (['any'] if shape.unions else []) -%}
-- The days to build, and the days after them into which their attempts can reach.
days as (
    select * from {{ ref('int_funnel_days') }}
    where {{ in_window('local_day', after=funnel_reach()) }}
),

-- Each entity with its instants in order: (at, day, masks, breakdown_values). The masks of an instant are one number per
-- event, with a bit for each step that the event fits.
event_sequences as (
    select
        days.project_id as project_id,
        days.funnel_id as funnel_id,
        days.entity as entity,
        any(funnels.step_order) as step_order,
        any(funnels.window_ms) as window_ms,
        arraySort(instant -> instant.1, groupArrayArray(arrayZip(
            days.moments, arrayResize([days.local_day], length(days.moments), days.local_day), days.masks, days.breakdown_values
        ))) as instants,
        instants.1 as moments,
        any(funnels.unions) as unions,
        any(funnels.union_sizes) as union_sizes,
        -- For each instant, `run[k]` is how many steps, beginning with step k, can be done then, each by an event of its own.
        arrayMap(
            masks -> if(
                length(masks) = 1,
                arrayMap(step -> toUInt64(bitTest(masks[1], step - 1)), range(1, {{ shape.steps + 1 }})),
                {{ steps_in_a_row('masks', shape) }}),
            instants.3
        ) as runs
    from days
    inner join funnels on days.project_id = funnels.project_id and days.funnel_id = funnels.funnel_id
    group by project_id, funnel_id, entity, {{ unguessable('entity') }}
),

{{ ordered_attempts(shape) }},

{% if shape.has_strict -%}
{{ strict_attempts(shape) }},

{% endif -%}
{% if shape.unions -%}
{{ any_attempts(shape) }},

{% endif -%}
-- A funnel has one order, so it has rows in one of these CTEs only.
attempts as (
    {%- for kind in kinds %}
    select project_id, funnel_id, entity, day, breakdown_values[place] as breakdown_value, reached
    from {{ kind }}_attempts
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}


{#- SQL: for each of `unions`, the number of an instant's events that fit the union. It is computed once per instant, so the
    cost does not grow with the square of the instant's events. -#}
{% macro supply(masks, unions) -%}
    arrayMap(fitting -> toUInt32(arrayCount(mask -> bitAnd(mask, fitting) != 0, {{ masks }})), {{ unions }})
{%- endmacro %}


{#- SQL: for each step, how many steps beginning with it can be done at an instant, each by an event of its own.

    By Hall's theorem, some steps can be done together unless a union (a set of steps of one event name, see
    `funnel_definitions`) has more steps among them than the instant has events that fit the union. Other sets of steps need
    no look: an event fits only steps of its own name, and steps with equal filters are fitted by the same events. The pairs
    (step, step) after the funnel's last step end every run there.

    So a union with n events forbids each stretch that begins at one of its steps and ends at the n-th of its steps after
    that one: it would need n + 1 events. Stretches are pairs of steps, so they are few, however many unions there are. Only
    unions with at most one variant more than the instant has events are examined. A larger union lacks events only if one
    of these already does, so an instant with few events is cheap. -#}
{% macro steps_in_a_row(masks, shape) -%}
    {%- set small = 'arrayFilter((fitting, size) -> size <= length(' ~ masks ~ ') + 1, unions, union_sizes)' -%}
    arrayMap(
        (step, stretches) -> toUInt64(
            arrayMin(stretch -> if(stretch.1 < step, {{ shape.steps }}, stretch.2), stretches) - step),
        range({{ shape.steps }}),
        arrayWithConstant({{ shape.steps }}, arrayConcat(
            arrayDistinct(arrayFlatten(arrayMap(
                short -> arrayZip(
                    arraySlice(bitPositionsToArray(short.1), 1, bitCount(short.1) - short.2),
                    arraySlice(bitPositionsToArray(short.1), short.2 + 1)),
                arrayFilter(
                    fitting -> bitCount(fitting.1) > fitting.2, arrayZip({{ small }}, {{ supply(masks, small) }}))))),
            arrayMap(step -> (step, step), range(least(bitCount(arrayReduce('groupBitOr', unions)), {{ shape.steps }}), {{ shape.steps + 1 }})))))
{%- endmacro %}


{#- SQL: the mask of the steps from `first` to `last`. -#}
{% macro steps_between(first, last) -%}
    (bitShiftLeft(toUInt32(1), {{ last }}) - bitShiftLeft(toUInt32(1), {{ first }} - 1))
{%- endmacro %}


{#- SQL: the place of the event that does step 1 of an attempt, whose value is the attempt's breakdown value. Of the events of
    the first instant that fit step 1, it is the first one (by id) that the attempt's other steps at this instant can do
    without. If a union has exactly as many events as such steps, these steps need all of its events. -#}
{% macro first_event_of_attempt(shape) -%}
    if(length(masks) = 1, 1, arrayFirst(
        (place, mask) -> bitTest(mask, 0) and bitAnd(mask, arrayReduce('groupBitOr', arrayFilter(
            (fitting, count) -> count = bitCount(bitAnd(fitting, {{ steps_between('2', 'countEqual(reached, reached[1])') }})),
            unions, {{ supply('masks', 'unions') }}))) = 0,
        arrayEnumerate(masks), masks))
{%- endmacro %}


{#- SQL: the array `values`, in which each instant gets the value of the next instant; the last one gets an empty value. -#}
{% macro next_of(values) -%}
    arrayPopFront(arrayPushBack({{ values }}, []))
{%- endmacro %}


{#- SQL: `expression` for each instant of an entity. It can use the instant's time `at`, its `run`, and its `after_k` of each
    step k after `step`, under the name `<name>_k`. -#}
{% macro per_instant(expression, name, step, shape) -%}
    {%- set laters = range(step + 1, shape.steps + 2) -%}
    arrayMap(
        (at, run{% for later in laters %}, {{ name }}_{{ later }}{% endfor %}) -> {{ expression }},
        moments, runs{% for later in laters %}, after_{{ later }}{% endfor %})
{%- endmacro %}


{#- The CTE `<kind>_attempts`: one row per funnel, entity and day, with the deepest attempt that begins on the day, the
    earliest of equally deep ones. It reads the column `reached_at` of the CTE `<kind>_begun`, which is empty for an instant at
    which no attempt begins. -#}
{% macro deepest_of_each_day(kind, shape) -%}
{{ kind }}_attempts as (
    select
        project_id,
        funnel_id,
        entity,
        attempt.1 as day,
        attempt.3 as reached,
        attempt.4 as masks,
        attempt.5 as breakdown_values,
        {{ first_event_of_attempt(shape) }} as place
    from (
        select
            project_id,
            funnel_id,
            entity,
            unions,
            arraySort(arrayFilter(attempt -> attempt.2 < 0, arrayMap(
                (instant, reached) -> (instant.2, -toInt64(length(reached)), reached, instant.3, instant.4), instants, reached_at))) as found,
            arrayFilter(
                (attempt, before) -> attempt.1 != before, found, {{ previous_of('found.1', 'toDate(0)') }}) as deepest
        from {{ kind }}_begun
    )
    array join deepest as attempt
    where {{ in_window('day') }}
)
{%- endmacro %}


{#- The CTEs of ordered funnels. Each step takes the first later event that fits it, because the earliest choice leaves the
    most events for the steps after it; at one instant, as many steps as possible are done. So `after_k` is one chain. -#}
{% macro ordered_attempts(shape) -%}
ordered_{{ shape.steps + 1 }} as (
    select *, arrayMap(at -> cast([], 'Array(Int64)'), moments) as after_{{ shape.steps + 1 }}
    from event_sequences
    where step_order = 'ordered'
),
{% for step in range(shape.steps, 1, -1) %}
ordered_{{ step }} as (
    select
        *,
        {{ next_of('arrayReverseFill((chain, run) -> run[' ~ step ~ '] > 0, '
            ~ per_instant(chain_from(step, shape), 'chain', step, shape) ~ ', runs)') }} as after_{{ step }}
    from ordered_{{ step + 1 }}
),
{% endfor %}
ordered_begun as (
    select
        *,
        {{ per_instant(
            'if(run[1] = 0, [], arrayFilter(moment -> moment - at <= window_ms, ' ~ chain_from(1, shape) ~ '))', 'chain', 1, shape
        ) }} as reached_at
    from ordered_2
),

{{ deepest_of_each_day('ordered', shape) }}
{%- endmacro %}


{#- SQL: the chain that begins with `step` at this instant: all steps that the instant can do, then the best chain that begins
    with the step after them; empty if the instant cannot do `step`. -#}
{% macro chain_from(step, shape) -%}
    arrayConcat(
        arrayWithConstant(run[{{ step }}], at),
        [{% for later in range(step + 1, shape.steps + 2) %}chain_{{ later }}{{ ', ' if not loop.last }}{% endfor %}][run[{{ step }}]])
{%- endmacro %}


{#- The CTEs of strict funnels. The next step must be done at the same instant or at the entity's next instant, so it can be
    better to do fewer steps at an instant than possible. So `after_k` has a list of chains: all that begin with step k at the
    next instant. -#}
{% macro strict_attempts(shape) -%}
strict_{{ shape.steps + 1 }} as (
    select *, arrayMap(at -> cast([], 'Array(Array(Int64))'), moments) as after_{{ shape.steps + 1 }}
    from event_sequences
    where step_order = 'strict'
),
{% for step in range(shape.steps, 1, -1) %}
strict_{{ step }} as (
    select *, {{ next_of(per_instant(chains_from(step, shape), 'chains', step, shape)) }} as after_{{ step }}
    from strict_{{ step + 1 }}
),
{% endfor %}
strict_begun as (
    select
        *,
        {{ per_instant(
            'arraySort(chain -> (-toInt64(length(chain)), chain), arrayMap('
            ~ 'chain -> arrayFilter(moment -> moment - at <= window_ms, chain), ' ~ chains_from(1, shape) ~ '))[1]',
            'chains', 1, shape
        ) }} as reached_at
    from strict_2
),

{{ deepest_of_each_day('strict', shape) }}
{%- endmacro %}


{#- SQL: the chains that begin with `step` at this instant. Of chains with the same length and the same end, only the one with
    the earliest times can become the attempt that counts. The others are dropped, which leaves some dozens of thousands. -#}
{% macro chains_from(step, shape) -%}
    arrayCompact(chain -> (length(chain), chain[-1]), arraySort(chain -> (length(chain), chain[-1], chain),
        arrayReduce('groupArrayArray', arrayMap(
            taken -> arrayMap(
                rest -> arrayConcat(arrayWithConstant(taken, at), rest),
                arrayPushBack(
                    [{% for later in range(step + 1, shape.steps + 2) %}chains_{{ later }}{{ ', ' if not loop.last }}{% endfor %}][taken],
                    cast([], 'Array(Int64)'))),
            range(1, run[{{ step }}] + 1)))))
{%- endmacro %}


{#- The CTEs of funnels in any order. Each event can begin an attempt, of which it is the first event. From there on, each
    `need` of the funnel (`funnel_definitions`) tells which events are necessary for one step more. Steps of different event
    names need different events, so the times at which needs are met, sorted, are the times of the attempt's steps. -#}
{% macro any_attempts(shape) -%}
-- One row per instant of an entity.
any_instants as (
    select
        event_sequences.project_id as project_id,
        event_sequences.funnel_id as funnel_id,
        entity,
        event_sequences.window_ms as window_ms,
        instant.1 as at,
        instant.2 as day,
        instant.3 as masks,
        instant.4 as breakdown_values,
        funnels.unions as unions,
        needs
    from event_sequences
    inner join funnels on event_sequences.project_id = funnels.project_id and event_sequences.funnel_id = funnels.funnel_id
    array join instants as instant
    where event_sequences.step_order = 'any'
),

-- One row per event. `times` has for each union the times of the first ten events, from this event on, that fit the union:
-- a funnel has at most ten steps. Events at one instant come in the order of `place`.
any_upcoming as (
    select
        project_id,
        funnel_id,
        entity,
        day,
        at,
        window_ms,
        breakdown_values,
        place,
        needs,
        [
            {%- for place in range(1, shape.unions + 1) %}
            arraySort(groupArrayLastIf(10)(at, bitAnd(mask, unions[{{ place }}]) != 0) over later){{ ',' if not loop.last }}
            {%- endfor %}
        ] as times
    from any_instants
    array join masks as mask, arrayEnumerate(masks) as place
    window later as (
        partition by project_id, funnel_id, entity order by at desc, place desc
        rows between unbounded preceding and current row
    )
    settings max_block_size = 2048
),

-- The attempt that begins with each event: the times at which its needs are met, within the window.
any_begun as (
    select
        project_id,
        funnel_id,
        entity,
        day,
        breakdown_values,
        place,
        arrayFilter(need -> arrayAll(part -> length(times[part.1]) >= part.2, need), needs) as met,
        arraySort(arrayFilter(
            moment -> moment - at <= window_ms,
            arrayMap(need -> arrayMax(part -> times[part.1][part.2], need), met)
        )) as reached
    from any_upcoming
    where {{ in_window('day') }}
),

-- Of each day the deepest attempt, the earliest of equally deep ones.
any_attempts as (
    select
        project_id,
        funnel_id,
        entity,
        day,
        attempt.2 as reached,
        attempt.3 as place,
        attempt.4 as breakdown_values
    from (
        select
            project_id,
            funnel_id,
            entity,
            day,
            min((-toInt64(length(reached)), reached, place, breakdown_values)) as attempt
        from any_begun
        group by project_id, funnel_id, entity, day, {{ unguessable('entity') }}
    )
)
{%- endmacro %}
