{#- The attempts at funnels, as CTEs that read int_funnel_instants. They end with a CTE `attempts`, one row per instant at
    which one can begin, with `reached`, the times in milliseconds at which it came to each step.

    Window functions read the instants of an entity backwards once, so the cost is that of a sort. -#}
{% macro funnel_attempts(shape) -%}
{%- set kinds = ['ordered'] + (['strict'] if shape.has_strict else []) + (['any'] if shape.unions else []) -%}
-- `runs[k]` is how many steps from k on can be done at the instant, each by an event of its own.
instants as (
    select
        project_id,
        funnel_id,
        step_order,
        window_ms,
        entity,
        at,
        local_day as day,
        masks,
        breakdown_values,
        arrayMap(
            step -> if(
                length(masks) = 1,
                toUInt64(bitTest(masks[1], step - 1)),
                toUInt64({{ steps_in_a_row('masks', 'step', shape) }})),
            range(1, {{ shape.steps + 1 }})
        ) as runs
    from {{ ref('int_funnel_instants') }}
    where {{ in_window('local_day', after=funnel_reach()) }}
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
    select project_id, funnel_id, entity, day, toUInt64(place) as place, breakdown_values[place] as breakdown_value, reached
    from {{ kind }}_attempts
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}


{#- SQL: how many steps from `step` on can take an event of their own out of `masks`: r of them can when each choice of c
    among them is fitted by c events or more (Hall's theorem). -#}
{% macro steps_in_a_row(masks, step, shape) -%}
    arrayCount(
        taken -> arrayAll(
            chosen -> arrayCount(mask -> bitAnd(mask, bitShiftLeft(toUInt32(chosen), {{ step }} - 1)) != 0, {{ masks }})
                >= bitCount(chosen),
            range(1, toUInt32(bitShiftLeft(toUInt32(1), taken)))),
        range(1, toUInt32(least(length({{ masks }}), {{ shape.steps + 1 }} - {{ step }}) + 1)))
{%- endmacro %}


{#- SQL: the place of the first event, by its id, with which the steps that `reached` has at this instant can begin. -#}
{% macro first_event_of_attempt(shape) -%}
    if(length(masks) = 1, 1, arrayFirst(
        place -> bitTest(masks[place], 0) and 1 + {{ steps_in_a_row(
            'arrayFilter((mask, other) -> other != place, masks, arrayEnumerate(masks))', '2', shape)
        }} >= countEqual(reached, at),
        arrayEnumerate(masks)))
{%- endmacro %}


{#- Each step takes the first event left that fits: the earliest choice leaves the most for the rest. `chain_k` of an
    instant holds the times of step k and the further ones after that instant. -#}
{% macro ordered_attempts(shape) -%}
after_{{ shape.steps + 1 }} as (
    select *, cast([], 'Array(Int64)') as chain_{{ shape.steps + 1 }}
    from instants
    where step_order = 'ordered'
),
{% for step in range(shape.steps, 1, -1) %}
after_{{ step }} as (
    select
        *,
        argMinIf({{ chain_from(step, shape) }}, at, runs[{{ step }}] > 0) over (
            partition by project_id, funnel_id, entity order by at desc
            rows between unbounded preceding and 1 preceding
        ) as chain_{{ step }}
    from after_{{ step + 1 }}
),
{% endfor %}
ordered_attempts as (
    select
        *,
        arrayFilter(moment -> moment - at <= window_ms, {{ chain_from(1, shape) }}) as reached,
        {{ first_event_of_attempt(shape) }} as place
    from after_2
    where runs[1] > 0 and {{ in_window('day') }}
)
{%- endmacro %}


{% macro chain_from(step, shape) -%}
    arrayConcat(
        arrayWithConstant(runs[{{ step }}], at),
        [{% for later in range(step + 1, shape.steps + 2) %}chain_{{ later }}{{ ', ' if not loop.last }}{% endfor %}][runs[{{ step }}]])
{%- endmacro %}


{#- Every next step is done at the same instant or at the next one of the entity, so here it can be better to do less at
    an instant than could be done: `chains_k` holds all ways to go on with step k at the next instant. -#}
{% macro strict_attempts(shape) -%}
beyond_{{ shape.steps + 1 }} as (
    select *, cast([], 'Array(Array(Int64))') as chains_{{ shape.steps + 1 }}
    from instants
    where step_order = 'strict'
),
{% for step in range(shape.steps, 1, -1) %}
beyond_{{ step }} as (
    select
        *,
        lagInFrame({{ chains_from(step, shape) }}) over (
            partition by project_id, funnel_id, entity order by at desc
            rows between 1 preceding and current row
        ) as chains_{{ step }}
    from beyond_{{ step + 1 }}
),
{% endfor %}
strict_attempts as (
    select
        *,
        arraySort(
            chain -> (-toInt64(length(chain)), chain),
            arrayMap(chain -> arrayFilter(moment -> moment - at <= window_ms, chain), {{ chains_from(1, shape) }})
        )[1] as reached,
        {{ first_event_of_attempt(shape) }} as place
    from beyond_2
    where runs[1] > 0 and {{ in_window('day') }}
)
{%- endmacro %}


{% macro chains_from(step, shape) -%}
    arrayReduce('groupArrayArray', arrayMap(
        taken -> arrayMap(
            rest -> arrayConcat(arrayWithConstant(taken, at), rest),
            arrayPushBack(
                [{% for later in range(step + 1, shape.steps + 2) %}chains_{{ later }}{{ ', ' if not loop.last }}{% endfor %}][taken],
                cast([], 'Array(Int64)'))),
        range(1, runs[{{ step }}] + 1)))
{%- endmacro %}


{#- Steps of different names take different events; those of one name share them out, as `funnel_definitions` says. The
    merged times of all names, in order, are those at which 1, 2, ... different steps are done. -#}
{% macro any_attempts(shape) -%}
near as (
    select
        instants.project_id as project_id,
        instants.funnel_id as funnel_id,
        entity,
        day,
        at,
        instants.window_ms as window_ms,
        breakdown_values,
        place,
        needs,
        [
            {%- for place in range(1, shape.unions + 1) %}
            arraySort(groupArrayLastIf(10)(at, bitAnd(mask, unions[{{ place }}]) != 0) over later){{ ',' if not loop.last }}
            {%- endfor %}
        ] as times
    from instants
    inner join funnels on instants.project_id = funnels.project_id and instants.funnel_id = funnels.funnel_id
    array join masks as mask, arrayEnumerate(masks) as place
    where instants.step_order = 'any'
    window later as (
        partition by project_id, funnel_id, entity order by at desc, place desc
        rows between unbounded preceding and current row
    )
),

any_attempts as (
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
