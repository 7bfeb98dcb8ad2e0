{#- The columns and properties that funnels name in filters and breakdowns. -#}
{% macro funnel_fields() -%}
    {{ return(named_fields('event',
        'select arrayJoin(arrayPushBack(arrayFlatten(arrayMap(filters -> ' ~ names_in_filters('filters')
        ~ ', step_filters)), breakdown)) from ' ~ source('lens_raw', 'funnel_definitions') ~ ' final')) }}
{%- endmacro %}


{#- SQL: one row per funnel. `unions` are masks of steps of one event name: every union of its variants (steps with equal
    filters), the nth of a name being that of the variants at the bits of n; `union_sizes` has their numbers. For order `any`, `needs` says when 1, 2, ... steps of a name are done (Hall's theorem): of g steps of a name j
    have an event each as soon as every union that covers c steps has j - g + c events. A need is a list of (place in
    `unions`, number of events), a step more for each. -#}
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


{#- What the SQL of attempts must have room for: the most steps in order, whether a funnel is strict, the most unions. -#}
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


{#- How many local days an attempt can reach ahead of the day it begins on. A window is longer by an hour on the clock when
    clocks go forward; a session ends on the local day after its first at the latest (docs/decisions/0003). -#}
{% macro funnel_reach() -%}
    {%- if not execute -%}{{ return(0) }}{%- endif -%}
    {{ return(run_query(
        "select max(if(counted_by = 'session', 1, toUInt32(ceil((window_seconds + 3600) / 86400)))) from "
        ~ source('lens_raw', 'funnel_definitions') ~ " final").rows[0][0] | int) }}
{%- endmacro %}
