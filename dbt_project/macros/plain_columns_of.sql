{#- SQL of a public view: the columns of its contract, read from `relation`, a private table that also holds the states of
    distinct counts. Only ClickHouse's own client can read states, so `SELECT *` of a public table must not return them.

    The view reads with the rights of the user who builds it. So its readers need no rights on the private table, and the row
    policies on `lens` apply to the view itself. -#}
{% macro plain_columns_of(relation) -%}
select
    {{ model.columns | join(',\n    ') }}
from {{ relation }}
{%- endmacro %}
