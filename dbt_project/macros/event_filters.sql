{#- Filters of stored definitions (funnels, goals, cohorts). They have the same meaning as the filters of a question, which
    query/filters.py turns into SQL. A definition is data: the only parts of it that get into the SQL are known column names,
    and paths of properties as hexadecimal digits.

    A model reads the named fields once, parses the filters of each definition, and compares each event with them:
        {%- set fields = named_fields('event', 'select arrayJoin(' ~ names_in_filters('filters') ~ ') from ... final') %}
        definitions: {{ parsed_filters('filters', fields) }} as parsed
        events:      {{ field_texts(fields) }} as texts
        joined:      where {{ fits_filters('parsed', 'texts') }} -#}


{#- SQL: the names in a JSON list of filters, an Array(String). -#}
{% macro names_in_filters(filters) -%}
    JSONExtract({{ filters }}, 'Array(Tuple(name String))').name
{%- endmacro %}


{#- The columns and properties that definitions name, each with its `name`, its `kind` and the SQL of its `value`.

    `names` is SQL whose rows are names; a name that is neither a column nor a property is left out. -#}
{% macro named_fields(owner, names) -%}
    {%- set fields = [] -%}
    {%- if execute -%}
        {%- set kinds = filterable_columns(owner) -%}
        {%- set found = run_query(
            "select distinct if(startsWith(name, 'properties.'), 'properties.' || hex(substring(name, 12)), name) as named"
            ~ " from (select * from (" ~ names ~ ") as found(name)) where name != '' order by named") -%}
        {%- for name in (found.columns[0].values() if found.columns else []) -%}
            {%- set path = "unhex('" ~ name[11:] ~ "')" -%}
            {%- if name in kinds -%}
                {%- do fields.append({'name': "'" ~ name ~ "'", 'kind': kinds[name], 'value': name}) -%}
            {%- elif name.startswith('properties.') -%}
                {%- do fields.append({'name': "'properties.' || " ~ path, 'kind': 'text',
                    'value': 'toString(getSubcolumn(properties, ' ~ path ~ '))'}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(fields) }}
{%- endmacro %}


{#- The columns of a profile, each with its `name` and `kind`. A name that is not among them is a property's; its place is 0 and
    its kind is empty. -#}
{% macro profile_fields() -%}
    {%- set fields = [] -%}
    {%- for name, kind in filterable_columns('profile').items() -%}
        {%- do fields.append({'name': "'" ~ name ~ "'", 'kind': kind}) -%}
    {%- endfor -%}
    {{ return(fields) }}
{%- endmacro %}


{#- SQL: the place of the field called `name` (a text) in `fields`, counted from 1; 0 if there is no such field. -#}
{% macro field_place(name, fields) -%}
    indexOf([{% for field in fields %}{{ field.name }}, {% endfor %}''], {{ name }})
{%- endmacro %}


{#- SQL: the values of `fields` in a row of `lens.events`: an array of texts for each field. -#}
{% macro field_texts(fields) -%}
    cast([
        {%- for field in fields -%}
            {%- if field.kind == 'list' %}{{ field.value }}
            {%- elif field.kind == 'number' %}[toString(toFloat64({{ field.value }}))]
            {%- elif field.kind == 'flag' %}[if({{ field.value }}, 'true', 'false')]
            {%- else %}[toString({{ field.value }})]
            {%- endif -%}
            {{ ', ' if not loop.last }}
        {%- endfor -%}
    ], 'Array(Array(String))')
{%- endmacro %}


{#- SQL: the filters in a JSON list (a text), in the form that `fits_filters` takes.

    Each filter becomes (place of its field, whether it is negative, its test, its values as texts, as numbers, as patterns).
    Only a test that compares numbers has numbers, and only `regex` has patterns. `isNull` tests for '' in a text, 0 in a
    number and no item in a list. A number that is compared with a text that is not a number never matches. -#}
{% macro parsed_filters(filters, fields) -%}
    cast(arrayMap(
        written -> (
            written.place,
            written.operator in ('isNot', 'doesNotContain', 'isNotNull') != (written.kind = 'list' and written.test = 'isNull'),
            multiIf(written.test != 'isNull', written.test, written.kind = 'list', 'any', 'is'),
            multiIf(
                written.test = 'isNull', [if(written.kind = 'number', '0', '')],
                written.kind = 'number', arrayMap(number -> toString(number), {{ numbers_of('written.values') }}),
                written.values
            ),
            if(written.test in ('gt', 'gte', 'lt', 'lte'), {{ numbers_of('written.values') }}, []),
            if(written.test = 'regex', written.values, [])
        ),
        arrayMap(
            raw -> cast(
                (
                    {{ field_place("JSONExtractString(raw, 'name')", fields) }},
                    [{% for field in fields %}'{{ field.kind }}', {% endfor %}''][
                        {{ field_place("JSONExtractString(raw, 'name')", fields) }}],
                    JSONExtractString(raw, 'operator'),
                    transform(
                        JSONExtractString(raw, 'operator'),
                        ['isNot', 'doesNotContain', 'isNotNull'], ['is', 'contains', 'isNull'],
                        JSONExtractString(raw, 'operator')
                    ),
                    multiIf(
                        JSONType(raw, 'value') = 'Array', JSONExtract(raw, 'value', 'Array(String)'),
                        JSONType(raw, 'value') = 'Null', [],
                        [JSONExtract(raw, 'value', 'String')]
                    )
                ),
                'Tuple(place UInt32, kind String, operator String, test String, values Array(String))'
            ),
            JSONExtractArrayRaw({{ filters }})
        )
    ), 'Array(Tuple(
        place UInt32, is_negative Bool, test String, texts Array(String), numbers Array(Float64), patterns Array(String)
    ))')
{%- endmacro %}


{#- SQL: the numbers in the texts `values`; a text that is not a number is left out. -#}
{% macro numbers_of(values) -%}
    arrayMap(
        number -> assumeNotNull(number),
        arrayFilter(number -> number is not null, arrayMap(value -> toFloat64OrNull(value) + 0, {{ values }})))
{%- endmacro %}


{#- SQL: whether a row fits all of `filters` (from `parsed_filters`), by its `texts` (from `field_texts`). -#}
{% macro fits_filters(filters, texts) -%}
    arrayAll(
        filter -> filter.place != 0 and filter.is_negative != {{ is_met('filter', texts ~ '[filter.place]') }},
        {{ filters }}
    )
{%- endmacro %}


{#- SQL: whether one of `items`, the values of a field, passes the test of `filter`; a negative filter is inverted elsewhere. -#}
{% macro is_met(filter, items) -%}
    arrayExists(
        item -> multiIf(
            {{ filter }}.test = 'is', has({{ filter }}.texts, item),
            {{ filter }}.test = 'any', true,
            {{ filter }}.test = 'contains', arrayExists(sought -> position(item, sought) > 0, {{ filter }}.texts),
            {{ filter }}.test = 'startsWith', arrayExists(sought -> startsWith(item, sought), {{ filter }}.texts),
            {{ filter }}.test = 'endsWith', arrayExists(sought -> endsWith(item, sought), {{ filter }}.texts),
            {{ filter }}.test = 'regex', arrayExists(pattern -> match(item, pattern), {{ filter }}.patterns),
            {{ filter }}.test = 'gt', arrayExists(number -> ifNull(toFloat64OrNull(item) > number, false), {{ filter }}.numbers),
            {{ filter }}.test = 'gte', arrayExists(number -> ifNull(toFloat64OrNull(item) >= number, false), {{ filter }}.numbers),
            {{ filter }}.test = 'lt', arrayExists(number -> ifNull(toFloat64OrNull(item) < number, false), {{ filter }}.numbers),
            {{ filter }}.test = 'lte', arrayExists(number -> ifNull(toFloat64OrNull(item) <= number, false), {{ filter }}.numbers),
            false
        ),
        {{ items }}
    )
{%- endmacro %}


{#- Settings of a statement that judges joined events by `fits_filters`. The time limit of a statement is looked at between
    blocks: a block of at most 1 MB is one of few long texts. -#}
{% macro judged_in_small_blocks() -%}
    {{ return({
        'max_joined_block_size_bytes': 1000000, 'min_joined_block_size_rows': 0, 'min_joined_block_size_bytes': 0
    }) }}
{%- endmacro %}
