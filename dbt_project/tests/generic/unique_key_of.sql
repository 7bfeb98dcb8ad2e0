{#- Fails for every key that two rows share. With `day_column` only the days of the run are looked at, so that the cost
    of a build follows the days touched. Keys are counted by a hash first, which costs a third; those of hashes that occur
    twice are compared. -#}
{% test unique_key_of(model, columns, day_column=none, window='days') %}
{%- set key = columns | join(', ') -%}
with tested as (
    select * from {{ model }}
    where {{ in_tested_days(day_column, window) if day_column else 'true' }}
)

select {{ key }}, count() as row_count
from tested
where sipHash64({{ key }}) in (select sipHash64({{ key }}) as hash from tested group by hash having count() > 1)
group by {{ key }}
having row_count > 1
{% endtest %}
