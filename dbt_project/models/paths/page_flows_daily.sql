{{ config(tags='daily', partition_by='day', order_by=['project_id', 'day', 'step', 'from_path']) }}
-- grain: one row per project, local day, step and move from one path to the next, of the sessions that started on that
-- day
--
-- It reads the screen views of these sessions. The same path several times in a row is one stop. A session enters at
-- its first stop (from '') and leaves after its last stop (to ''); its first 20 moves are kept.

with views as (
    select * from {{ ref('int_events__valued') }}
    where {{ in_window('local_day', after=1) }} and {{ in_window('session_day') }} and session_id != 0 and is_screen_view
),

event_sequences as (
    select
        project_id,
        session_day,
        session_id,
        arrayCompact(arrayMap(view -> view.2, arraySort(groupArray((position, path))))) as stops,
        arraySlice(arrayZip(arrayPushFront(stops, ''), arrayPushBack(stops, '')), 1, 20) as taken
    from views
    group by project_id, session_day, session_id
),

moves as (
    select
        project_id,
        session_day,
        step,
        move.1 as from_path,
        move.2 as to_path
    from event_sequences
    array join taken as move, arrayEnumerate(taken) as step
)

select
    project_id,
    session_day as day,
    toUInt8(step) as step,
    from_path,
    to_path,
    count() as sessions
from moves
group by project_id, day, step, from_path, to_path, {{ unguessable('from_path, to_path') }}
