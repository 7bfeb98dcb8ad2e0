{#- SQL: the rest of a statement that has the CTEs `facts` (events with their devices and sessions, but few columns) and `sent`
    (the raw rows of the same events).

    It gives one row per event: the columns of `events`, with the profile that owns the event by the relations `aliases` and
    `identities`. Of `identities` it reads only the rows that meet `of_facts`. -#}
{% macro owned_events(aliases, identities, of_facts) -%}
aliases as (
    select * from {{ aliases }}
),

identities as (
    select * from {{ identities }}
    where {{ of_facts }}
),

-- Aliases are followed.
renamed as (
    select
        facts.*,
        if(aliases.alias = '', facts.profile_id, aliases.profile_id) as own_profile_id
    from facts
    left join aliases on facts.project_id = aliases.project_id and facts.profile_id = aliases.alias
),

-- An event belongs to the profile that it names, else to the owner of its device at its time.
owned as (
    select
        renamed.*,
        if(own_profile_id != '', own_profile_id, identities.profile_id) as owner_id
    from renamed
    asof left join identities
        on renamed.project_id = identities.project_id
        and renamed.device_id = identities.device_id
        and renamed.created_at >= identities.valid_from
)

-- Only here the wide rows are joined, after everything was sorted.
select
    sent.project_id as project_id,
    owned.local_day as local_day,
    owned.hour as hour,
    sent.event_id as event_id,
    sent.name as name,
    owned.device_id as device_id,
    toLowCardinality(sent.device_kind) as device_kind,
    owned.session_id as session_id,
    owned.session_day as session_day,
    cast(owned.is_session_start as Bool) as is_session_start,
    multiIf(owner_id != '', owner_id, owned.device_id != '', 'device:' || owned.device_id, '') as profile_id,
    cast(owner_id != '' as Bool) as is_identified,
    sent.client_session_id as client_session_id,
    sent.groups as groups,
    sent.created_at as created_at,
    sent.received_at as received_at,
    cast(sent.name in ('screen_view', 'page_view', 'pageview') as Bool) as is_screen_view,
    {%- for column, is_short in columns_taken_over().items() %}
    {{ 'toLowCardinality(sent.' ~ column ~ ')' if is_short else 'sent.' ~ column }} as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from sent
inner join owned on sipHash64(sent.batch_id) = sipHash64(owned.batch_id) and sent.batch_row = owned.batch_row
{%- endmacro %}
