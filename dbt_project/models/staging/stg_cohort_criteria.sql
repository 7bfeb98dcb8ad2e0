{{ config(tags='facts') }}
-- grain: one row per cohort and criterion, which are numbered from 1
--
-- It reads the definitions of cohorts. `thresholds` says when the criterion holds, as counts and the number that is
-- added to its truth when the count is reached: "at least 3" is [(3, 1)]; "exactly 3" begins at 3 and ends at 4: [(3,
-- 1), (4, -1)]. `holds_at_once` is the truth before any event.

with criteria as (
    select
        definitions.project_id as project_id,
        definitions.cohort_id as cohort_id,
        definitions.match as match,
        JSONExtractArrayRaw(definitions.criteria) as written,
        criterion,
        text
    from {{ source('lens_raw', 'cohort_definitions') }} as definitions {{ final() }}
    array join written as text, arrayEnumerate(written) as criterion
),

parsed as (
    select
        *,
        JSONExtractString(text, 'event') as event_name,
        if(JSONHas(text, 'filters'), JSONExtractRaw(text, 'filters'), '[]') as event_filters,
        JSONExtractRaw(text, 'profile') as profile_filters,
        JSONExtractString(text, 'count', 'operator') as operator,
        JSONExtractUInt(text, 'count', 'value') as value,
        JSONExtract(text, 'within_days', 'Nullable(UInt32)') as within_days,
        ifNull(toDateOrNull(JSONExtractString(text, 'start_date')), toDate(0)) as first_day,
        ifNull(toDateOrNull(JSONExtractString(text, 'end_date')), toDate(65535)) as last_day
    from criteria
)

select
    project_id,
    cohort_id,
    toUInt8(criterion) as criterion,
    if(match = 'any', 1, length(written)) as criteria_needed,
    event_name,
    event_filters,
    profile_filters,
    within_days,
    first_day,
    last_day,
    multiIf(
        event_name = '', [],
        operator = 'gte', [(value, 1)],
        operator = 'lte', [(value + 1, -1)],
        value = 0, [(toUInt64(1), -1)],
        [(value, 1), (value + 1, -1)]
    ) as thresholds,
    event_name != '' and (operator = 'lte' or (operator = 'eq' and value = 0)) as holds_at_once
from parsed
