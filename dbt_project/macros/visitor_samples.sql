{#- The most visitors of a page and day whose hashes are kept. Of more at least half as many are kept, so that an estimate
    from them is within 1 % (3.6 times its standard deviation). -#}
{% macro most_visitors_kept() -%}
    262144
{%- endmacro %}


{#- SQL: the `hashes` that are left after so many `halvings`; each leaves out every second one. -#}
{% macro sampled(hashes, halvings) -%}
    arrayFilter(hash -> bitAnd(hash, bitShiftLeft(toUInt64(1), {{ halvings }}) - 1) = 0, {{ hashes }})
{%- endmacro %}
