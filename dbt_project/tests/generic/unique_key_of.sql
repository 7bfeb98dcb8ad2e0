{#- Fails for every key that two rows share. With `day_column` only the days of the run are looked at, so that the cost
    of a build follows the days touched. -#}
{% test unique_key_of(model, columns, day_column=none, window='days') %}
select {{ columns | join(', ') }}, count() as row_count
from {{ model }}
where {{ in_tested_days(day_column, window) if day_column else 'true' }}
group by {{ columns | join(', ') }}
having row_count > 1
{% endtest %}
