{#- The columns and properties that funnels name in filters and breakdowns. -#}
{% macro funnel_fields() -%}
    {{ return(named_fields('event',
        'select arrayJoin(arrayPushBack(arrayFlatten(arrayMap(filters -> ' ~ names_in_filters('filters')
        ~ ', step_filters)), breakdown)) from ' ~ source('lens_raw', 'funnel_definitions') ~ ' final')) }}
{%- endmacro %}


{#- SQL: one row per funnel.

    The steps of one event name with equal filters are a variant. `unions` has every union of the variants of each event name,
    as a mask of steps: the nth union of a name has the variants whose bits are set in n. `union_sizes` has the number of
    variants in each union.

    For order `any`, `needs` has a need for 1, 2, ... steps of each event name: the events that are necessary to do so many of
    the name's steps. By Hall's theorem, j of g steps have an event each as soon as every union that covers c of the steps has
    at least j - g + c events. A need is a list of (place in `unions`, number of events). -#}
{% macro funnel_definitions(fields) -%}
    select
        project_id,
        funnel_id,
        step_names,
        arrayMap(place -> if(step_filters[place] = '', '[]', step_filters[place]), arrayEnumerate(step_names)) as filters,
        toInt64(window_seconds) * 1000 as window_ms,
        counted_by,
        step_order,
        {{ field_place('breakdown', fields) }} as breakdown_place,
        arrayZip(step_names, filters) as steps,
        arrayMap(
            name -> arrayMap(
                variant -> arraySum((step, place) -> if(step = variant, bitShiftLeft(toUInt16(1), place - 1), 0), steps, arrayEnumerate(steps)),
                arrayDistinct(arrayFilter(step -> step.1 = name, steps))),
            arrayDistinct(steps.1)
        ) as variants_by_name,
        arrayMap(
            variants -> arrayMap(
                chosen -> toUInt16(arraySum(
                    (variant, place) -> if(bitTest(chosen, place - 1), variant, 0), variants, arrayEnumerate(variants))),
                range(1, bitShiftLeft(toUInt32(1), length(variants)))),
            variants_by_name
        ) as unions_by_name,
        arrayFlatten(unions_by_name) as unions,
        arrayFlatten(arrayMap(of_name -> arrayMap(chosen -> bitCount(chosen), arrayEnumerate(of_name)), unions_by_name)) as union_sizes,
        if(step_order = 'any', arrayReduce('groupArrayArray', arrayMap(
            of_name -> arrayMap(
                done -> arrayFilter(
                    need -> need.2 > 0,
                    arrayMap(
                        mask -> (indexOf(unions, mask), toInt16(done) - bitCount(of_name[-1]) + bitCount(mask)),
                        of_name)),
                range(1, toUInt32(bitCount(of_name[-1]) + 1))),
            unions_by_name
        )), []) as needs
    from {{ source('lens_raw', 'funnel_definitions') }} {{ final() }}
{%- endmacro %}


{#- What the SQL of attempts must provide for: the largest number of steps of a funnel whose steps are in order, whether a
    funnel is strict, and the largest number of unions of a funnel in any order. -#}
{% macro funnel_shape(fields) -%}
    {%- set shape = {'steps': 2, 'has_strict': false, 'unions': 0} -%}
    {%- if execute -%}
        {%- set row = run_query(
            "select maxIf(length(step_names), step_order != 'any'), countIf(step_order = 'strict'), maxIf(length(unions), step_order = 'any')"
            ~ " from (" ~ funnel_definitions(fields) ~ ")").rows[0] -%}
        {%- do shape.update({'steps': [row[0] | int, 2] | max, 'has_strict': row[1] | int > 0, 'unions': row[2] | int}) -%}
    {%- endif -%}
    {{ return(shape) }}
{%- endmacro %}


{#- How many local days after its first day an attempt can end. On the clock a window is an hour longer when clocks go forward;
    a session ends on the local day after its first day at the latest (docs/decisions/0003). -#}
{% macro funnel_reach() -%}
    {%- if not execute -%}{{ return(0) }}{%- endif -%}
    {{ return(run_query(
        "select max(if(counted_by = 'session', 1, toUInt32(ceil((window_seconds + 3600) / 86400)))) from "
        ~ source('lens_raw', 'funnel_definitions') ~ " final").rows[0][0] | int) }}
{%- endmacro %}


{#- SQL: the entity that a funnel counts (a profile, a device or a session), as text; empty for an event without one. -#}
{% macro funnel_entity(funnels, events) -%}
    multiIf(
        {{ funnels }}.counted_by = 'profile', {{ events }}.profile_id,
        {{ funnels }}.counted_by = 'device', {{ events }}.device_id,
        {{ events }}.session_id = 0, '',
        toString({{ events }}.session_id)
    )
{%- endmacro %}
