{#- SQL: the dotted paths that contain `path`, the outermost first: `a` and `a.b` for `a.b.c`. -#}
{% macro outer_paths(path) -%}
    arrayMap(
        depth -> arrayStringConcat(arraySlice(splitByChar('.', {{ path }}), 1, depth), '.'),
        range(1, toUInt32(countSubstrings({{ path }}, '.') + 1)))
{%- endmacro %}


{#- SQL: a property's value (JSON text) after increments and decrements. `base` is the last value that an identify gave,
    `changes` is the number of later increments and decrements, and `amount` is their sum. If there are changes, a value that
    is not a number counts as 0. A number beyond 29 digits is not changed. -#}
{% macro added_to(base, changes, amount) -%}
    multiIf(
        {{ changes }} = 0, {{ base }},
        match({{ base }}, '^-?[0-9]') and toDecimal128OrNull({{ base }}, 9) is null, {{ base }},
        toString(ifNull(toDecimal128OrNull({{ base }}, 9), toDecimal128(0, 9)) + {{ amount }})
    )
{%- endmacro %}
