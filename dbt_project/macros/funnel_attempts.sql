{#- The attempts at funnels, as CTEs that read int_funnel_days and `funnels`. They end with a CTE `attempts`: of every entity
    and day the deepest attempt that begins on it, the earliest on a tie, with `reached`, the times in milliseconds at which
    it came to each step. -#}
{% macro funnel_attempts(shape) -%}
{%- set kinds = ['ordered'] + (['strict'] if shape.has_strict else []) + (['any'] if shape.unions else []) -%}
days as (
    select * from {{ ref('int_funnel_days') }}
    where {{ in_window('local_day', after=funnel_reach()) }}
),

-- Each entity with its instants in order: (at, day, masks, breakdown_values).
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
        -- `runs[k]` is how many steps from k on can be done at the instant, each by an event of its own.
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
attempts as (
    {%- for kind in kinds %}
    select project_id, funnel_id, entity, day, breakdown_values[place] as breakdown_value, reached
    from {{ kind }}_attempts
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}


{#- SQL: for each of `unions` how many of the events at an instant fit it. It is found once an instant, so the cost does not
    grow with the square of its events. -#}
{% macro supply(masks, unions) -%}
    arrayMap(fitting -> toUInt32(arrayCount(mask -> bitAnd(mask, fitting) != 0, {{ masks }})), {{ unions }})
{%- endmacro %}


{#- SQL: for each step how many from it on can take an event of their own at an instant: all can unless a union has more steps
    among them than events (Hall's theorem; events fit steps of one name, and equal steps are fitted by the same events, so no
    other choices of steps need to be looked at). A union with n events is short of them from each of its steps to its nth
    further one. These stretches are few, no more than pairs of steps, however many unions there are. Where a union has more
    variants than one above its events, some of them are short of them alone, so few events need the small unions only. -#}
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


{#- SQL: the place of the first event, by its id, with which the steps that `reached` has at its first instant can begin: one
    that the other steps of the instant can spare. A union with just as many events as steps among them spares none. -#}
{% macro first_event_of_attempt(shape) -%}
    if(length(masks) = 1, 1, arrayFirst(
        (place, mask) -> bitTest(mask, 0) and bitAnd(mask, arrayReduce('groupBitOr', arrayFilter(
            (fitting, count) -> count = bitCount(bitAnd(fitting, {{ steps_between('2', 'countEqual(reached, reached[1])') }})),
            unions, {{ supply('masks', 'unions') }}))) = 0,
        arrayEnumerate(masks), masks))
{%- endmacro %}


{#- SQL: `values` of the instants of an entity, moved on so that each has that of the next one; the last has none. -#}
{% macro next_of(values) -%}
    arrayPopFront(arrayPushBack({{ values }}, []))
{%- endmacro %}


{#- SQL: a lambda over the instants of an entity: `at`, `run` and the chains of the steps after `step`, as `name_k`. -#}
{% macro per_instant(expression, name, step, shape) -%}
    {%- set laters = range(step + 1, shape.steps + 2) -%}
    arrayMap(
        (at, run{% for later in laters %}, {{ name }}_{{ later }}{% endfor %}) -> {{ expression }},
        moments, runs{% for later in laters %}, after_{{ later }}{% endfor %})
{%- endmacro %}


{#- The CTE `<kind>_attempts`: of each day the deepest attempt, the earliest on a tie. In `<kind>_walks` `reached_at` has the
    attempt that begins at each instant, empty where none does. -#}
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
                (instant, reached) -> (instant.2, -toInt64(length(reached)), reached, instant.3, instant.4), instants, reached_at))) as begun,
            arrayFilter(
                (attempt, before) -> attempt.1 != before, begun, {{ previous_of('begun.1', 'toDate(0)') }}) as deepest
        from {{ kind }}_walks
    )
    array join deepest as attempt
    where {{ in_window('day') }}
)
{%- endmacro %}


{#- Each step takes the first event left that fits: the earliest choice leaves the most for the rest. `after_k` has, for each
    instant, the times of step k and the further ones after it. -#}
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
ordered_walks as (
    select
        *,
        {{ per_instant(
            'if(run[1] = 0, [], arrayFilter(moment -> moment - at <= window_ms, ' ~ chain_from(1, shape) ~ '))', 'chain', 1, shape
        ) }} as reached_at
    from ordered_2
),

{{ deepest_of_each_day('ordered', shape) }}
{%- endmacro %}


{% macro chain_from(step, shape) -%}
    arrayConcat(
        arrayWithConstant(run[{{ step }}], at),
        [{% for later in range(step + 1, shape.steps + 2) %}chain_{{ later }}{{ ', ' if not loop.last }}{% endfor %}][run[{{ step }}]])
{%- endmacro %}


{#- Every next step is done at the same instant or at the next one of the entity, so here it can be better to do less at
    an instant than could be done: `after_k` has, for each instant, all ways to go on with step k at the next one. -#}
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
strict_walks as (
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


{#- SQL: the chains that begin with `step` at this instant. Of those of one length and end only the one whose times come first
    can be the attempt, so of thousands of chains some dozens are left. -#}
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


{#- Steps of different names take different events; those of one name share them out, as `funnel_definitions` says. The
    merged times of all names, in order, are those at which 1, 2, ... different steps are done. -#}
{% macro any_attempts(shape) -%}
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

near as (
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
    from near
    where {{ in_window('day') }}
),

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


{#- SQL: who is counted by a funnel, as text; empty for an event of nobody. -#}
{% macro funnel_entity(funnels, events) -%}
    multiIf(
        {{ funnels }}.counted_by = 'profile', {{ events }}.profile_id,
        {{ funnels }}.counted_by = 'device', {{ events }}.device_id,
        {{ events }}.session_id = 0, '',
        toString({{ events }}.session_id)
    )
{%- endmacro %}
