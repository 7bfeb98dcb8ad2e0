{#- SQL of a public view: the columns of its contract out of `relation`, a private table that also holds the states of
    distinct counts. No client but ClickHouse's own reads those, so `SELECT *` of a public table must not have them.

    The view reads with the rights of the one who builds: its readers need none on the private table, and the row policies
    on `lens` hold for the view itself. -#}
{% macro plain_columns_of(relation) -%}
select
    {{ model.columns | join(',\n    ') }}
from {{ relation }}
{%- endmacro %}
