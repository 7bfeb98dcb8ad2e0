{#- SQL: the dotted paths that `path` lies inside of, the outermost first: `a` and `a.b` of `a.b.c`. -#}
{% macro outer_paths(path) -%}
    arrayMap(
        depth -> arrayStringConcat(arraySlice(splitByChar('.', {{ path }}), 1, depth), '.'),
        range(1, toUInt32(countSubstrings({{ path }}, '.') + 1)))
{%- endmacro %}


{#- SQL: a property's value (JSON text) from `base`, the last that an identify gave, after `changes` increments and decrements
    of `amount` in all. A value that is not a number counts as 0 as soon as something is added. A number beyond 29
    digits is left as it is. -#}
{% macro added_to(base, changes, amount) -%}
    multiIf(
        {{ changes }} = 0, {{ base }},
        match({{ base }}, '^-?[0-9]') and toDecimal128OrNull({{ base }}, 9) is null, {{ base }},
        toString(ifNull(toDecimal128OrNull({{ base }}, 9), toDecimal128(0, 9)) + {{ amount }})
    )
{%- endmacro %}
