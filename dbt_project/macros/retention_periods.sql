{#- SQL: the numbers of the periods that contain `days` (an array of Date), each once. 1970-01-05 was a Monday. -#}
{% macro numbered_periods(period, days) -%}
    {%- set numbers = {
        'day': 'toInt32(day)',
        'week': 'toInt32(intDiv(toInt32(day) + 3, 7))',
        'month': 'toInt32(toYear(day) * 12 + toMonth(day) - 1)',
    } -%}
    arrayDistinct(arrayMap(day -> {{ numbers[period] }}, {{ days }}))
{%- endmacro %}


{#- SQL: the first day of the period that has the number. -#}
{% macro first_day_of_period(period, number) -%}
    multiIf(
        {{ period }} = 'day', toDate({{ number }}),
        {{ period }} = 'week', toDate({{ number }} * 7 - 3),
        makeDate(intDiv({{ number }}, 12), {{ number }} % 12 + 1, 1)
    )
{%- endmacro %}
