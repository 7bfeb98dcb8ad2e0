{#- SQL columns for a GROUP BY, which add up changes over time. `marks` is a column with arrays of (instant, change of the
    sum). The column `turns` has the instants at which the sum becomes at least `needed`, as (instant, 1), and those at which
    it becomes less again, as (instant, -1).

    Changes at the same instant are added before the sum is compared, so stretches that meet are one. -#}
{% macro turns_of(marks, needed) -%}
    arraySort(groupArrayArray({{ marks }})) as in_order,
    any({{ needed }}) as least_sum,
    arrayFilter(
        (sum, at, next) -> at != next,
        arrayZip(in_order.1, arrayCumSum(in_order.2)), in_order.1, arrayPopFront(arrayPushBack(in_order.1, -1))
    ) as sums,
    arrayMap(sum -> sum.2 >= least_sum, sums) as are_true,
    arrayFilter(
        turn -> turn.2 != 0,
        arrayZip(sums.1, arrayMap((now, before) -> toInt32(now) - toInt32(before), are_true, {{ previous_of('are_true', 'false') }}))
    ) as turns
{%- endmacro %}
