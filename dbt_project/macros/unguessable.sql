{#- SQL: a number of `texts` that nobody can foresee, as one more key of a GROUP BY over texts that senders choose.

    ClickHouse looks such keys up by a CRC-32 of them. A sender can write thousands of ids with one CRC, and each costs as much
    as all before it: grouping 40,000 paths took 36 s, and with this key 0.2 s. The seed is another one in every statement. -#}
{% macro unguessable(texts) -%}
    sipHash64Keyed((toUInt64(randConstant(1)), toUInt64(randConstant(2))), {{ texts }})
{%- endmacro %}


{#- SQL: the texts of all rows, or of those for which `condition` holds, each once, in order. -#}
{% macro distinct_texts(text, condition='true') -%}
    arraySort(groupUniqArrayIf(({{ unguessable(text) }}, {{ text }}), {{ condition }}).2)
{%- endmacro %}


{#- SQL: the texts in the arrays `texts`, each once, in order. -#}
{% macro distinct_texts_in(texts) -%}
    arraySort(groupUniqArrayArray(arrayMap(text -> ({{ unguessable('text') }}, text), {{ texts }})).2)
{%- endmacro %}
