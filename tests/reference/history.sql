-- A made-up history, the same for the same seed: visits, their events, copies, operations and refusals.

create macro chance(what, who) as (hash(getvariable('seed'), what, who) % 1000000) / 1000000;
create macro number(what, who, below) as (hash(getvariable('seed'), what, who) % below::ubigint)::bigint;
create macro pick(options, what, who) as options[1 + number(what, who, len(options))];

-- One project has a single event; the others share the visits, unevenly.
create table visits as
with placed as (
    select
        visit,
        number('device', visit, getvariable('devices')) as device,
        least(number('project', device, 7), number('other project', device, 7)) as project,
        -- Two days in thirteen have no visits of their own.
        number('day', visit, getvariable('days')) as day
    from range(getvariable('visits')) as visits (visit)
)

select
    *,
    getvariable('first_day')::timestamp
    + to_days(if(day % 13 in (4, 5), day - 2, day)::int)
    + to_milliseconds(if(chance('at midnight', visit) < 0.25, 85800000, 0)
        + number('clock', visit, if(chance('at midnight', visit) < 0.25, 1200000, 86400000))) as starts_at
from placed;

create table moments as
with steps as (
    select
        *,
        unnest(range(1 + number('events', visit, 2 * getvariable('events_a_visit') - 1))) as step
    from visits
),

timed as (
    select
        *,
        visit * 64 + step as nr,
        starts_at + to_milliseconds(sum(if(step = 0, 0, pick(
            [0, 0, 1, 999, 20000, 45000, 300000, 1500000, 1799999, 1800000, 14400000], 'pause', visit * 64 + step
        ))) over (partition by visit order by step)) as created_at
    from steps
)

select
    nr,
    created_at,
    getvariable('run') || '-' || project as project_id,
    project,
    visit,
    device as person,
    pick(['client', 'client', 'client', 'derived', 'derived', 'server'], 'kind', device) as device_kind,
    created_at::date as utc_day
from timed;

create table sent as
select
    nr,
    project_id,
    project,
    created_at,
    created_at + to_milliseconds(pick(
        [0, 0, 0, 0, 40, 3000, 3000, 7200000, 259200000, 777600000, 5184000000], 'late', nr
    )) as received_at,
    device_kind,
    case
        when device_kind = 'client' then 'c' || person
        when device_kind = 'derived' then 's' || person || '-' || (utc_day - date '2020-01-01')
        when chance('nobody', visit) < 0.3 then ''
        else 'p' || person
    end as device_id,
    if(
        device_kind = 'derived' and created_at - utc_day < interval 30 minutes and chance('previous', nr) < 0.9,
        's' || person || '-' || (utc_day - date '2020-01-01' - 1),
        ''
    ) as previous_device_id,
    -- A person has two devices; every ninth device changes hands on the fortieth day.
    'u' || (if(person % 9 = 0 and utc_day > getvariable('first_day')::date + 40, person + 5, person) // 2) as owner,
    chance('message', nr) < 0.2 as has_message,
    if(chance('bot', nr) < 0.02, pick(['crawler:goodbot', 'crawler:bad', 'empty_user_agent'], 'why', nr), '') as bot_reason,
    visit,
    person
from moments
union all
select
    -1, getvariable('run') || '-7', 7, getvariable('first_day')::timestamp, getvariable('first_day')::timestamp,
    'client', 'c1', '', '', false, '', -1, 1;

create table first_events as
select
    nr,
    project_id,
    if(has_message, 'm' || nr, '') as message_id,
    md5(project_id || getvariable('seed') || nr)::uuid::varchar as event_id,
    pick(
        [
            'screen_view', 'screen_view', 'screen_view', 'screen_view', 'screen_view', 'screen_view', 'page_view',
            'page_view', 'page_view', 'click', 'click', 'scroll', 'scroll', 'session_start', 'signup', 'purchase'
        ],
        'name', nr
    ) as name,
    device_id,
    previous_device_id,
    device_kind,
    if(chance('signed in', nr) < 0.08 and owner <> '' and (device_kind <> 'server' or device_id <> ''), owner, '') as profile_id,
    if(chance('client session', visit) < 0.2, pick(['', 'a', 'b'], 'client session', nr), '') as client_session_id,
    if(chance('groups', nr) < 0.05, pick([['g1'], ['g2', 'g1']], 'which', nr), []) as groups,
    created_at,
    received_at,
    pick(['/', '/a', '/b', '/c/' || number('page', nr, 40)], 'path', nr) as path,
    pick(['direct', 'search', 'social', 'referral'], 'type', visit) as referrer_type,
    pick(['', '', 'Google', 'Bing'], 'referrer', visit) as referrer_name,
    pick(['', '', 'news', 'none'], 'source', visit) as utm_source,
    pick(['', 'email', 'cpc'], 'medium', visit) as utm_medium,
    pick(['DE', 'IN', 'CA', ''], 'country', person) as country,
    pick(['desktop', 'mobile'], 'device', person) as device,
    pick(['Firefox', 'Chrome'], 'browser', person) as browser,
    if(chance('paid', nr) < 0.2, pick(['9.99', '-1.5', '0.0001', '120'], 'revenue', nr), '0') as revenue,
    pick(['', 'EUR', 'USD'], 'currency', nr) as currency,
    pick(['{}', '{"plan":"free","seats":3}', '{"plan":"pro","seats":20,"deep":{"x":1}}'], 'properties', nr)::json as properties,
    if(not has_message and chance('hashed', nr) < 0.2, 1 + number('body', nr, 3), 0) as body_hash,
    bot_reason <> '' as is_bot,
    bot_reason,
    if(chance('import', nr) < 0.01, 'i1', '') as import_id
from sent
where chance('operation', nr) >= 0.05;

-- Copies of messages, some with another time, and bodies that come twice.
create table made_events as
select * exclude (nr), number('part', nr, 2) as part from first_events
union all
select
    * exclude (nr) replace (
        received_at + to_milliseconds(pick([0, 1000, 518400000, 604800000, 691200000], 'again', nr)) as received_at,
        created_at + to_milliseconds(pick([0, 0, 86400000], 'moved', nr)) as created_at
    ),
    number('part of copy', nr, 2)
from first_events
where message_id <> '' and chance('copied', nr) < 0.15
union all
select
    * exclude (nr) replace (
        received_at + to_milliseconds(pick([0, 100, 101], 'again', nr)) as received_at,
        md5('copy' || event_id)::uuid::varchar as event_id
    ),
    number('part of copy', nr, 2)
from first_events
where body_hash <> 0 and chance('copied', nr) < 0.5;

create table made_operations as
select
    project_id,
    if(has_message, 'o' || nr, '') as message_id,
    md5('operation' || project_id || getvariable('seed') || nr)::uuid::varchar as event_id,
    pick(['identify', 'identify', 'increment', 'increment', 'decrement', 'alias', 'assign_group', 'group'], 'what', nr) as operation,
    device_id,
    previous_device_id,
    device_kind,
    owner as profile_id,
    -- Mostly names that nobody else has; at times a person's.
    if(operation = 'alias', if(chance('of a person', nr) < 0.2, 'u', 'a') || number('alias', nr, 20000), '') as alias,
    if(operation in ('increment', 'decrement'), pick(['stats.visits', 'credits'], 'which', nr), '') as property,
    if(operation in ('increment', 'decrement'), pick(['1', '0.5', '10'], 'by', nr), '0') as value,
    if(operation = 'assign_group', pick([['g3'], ['g1', 'g4']], 'group', nr), []) as groups,
    if(operation = 'group', 'g' || number('group id', nr, 5), '') as group_id,
    if(operation = 'group', pick(['company', 'team'], 'group type', nr), '') as group_type,
    if(operation = 'group', pick(['One', 'Other'], 'group name', nr), '') as group_name,
    if(operation = 'identify' and chance('mail', nr) < 0.5, owner || '@example.org', '') as email,
    if(
        operation in ('identify', 'group'),
        pick(['{"plan":"pro","stats":{"visits":5}}', '{"plan":"free"}', '{"stats":{"visits":"many"}}', '{}'], 'traits', nr),
        '{}'
    )::json as properties,
    created_at,
    received_at,
    bot_reason <> '' as is_bot,
    bot_reason,
    number('part', nr, 2) as part
from sent
where chance('operation', nr) < 0.05 and owner <> '';

insert into made_operations
select
    * replace (
        received_at + to_milliseconds(pick([1000, 604800000, 691200000], 'again', message_id)) as received_at,
        number('part of copy', message_id, 2) as part
    )
from made_operations
where message_id <> '' and chance('copied', message_id) < 0.3;

create table made_quarantine as
select project_id, received_at, 'name_missing' as code, number('part', nr, 2) as part
from sent
where chance('refused', nr) < 0.01;
