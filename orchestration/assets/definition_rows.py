"""The registry's definitions as rows of their tables in `lens_raw`; the migration declares the columns."""

from typing import Any

import msgspec

from event_lens.registry.database import Registry
from event_lens.registry.definitions.cohorts import list_cohorts
from event_lens.registry.definitions.funnels import list_funnels
from event_lens.registry.definitions.goals import list_goals
from event_lens.registry.definitions.retentions import list_retentions

# Each table, and the column that names its definitions.
DEFINED = {
    "funnel_definitions": "funnel_id",
    "retention_definitions": "retention_id",
    "cohort_definitions": "cohort_id",
    "goal_definitions": "goal_id",
}


def defined_rows(registry: Registry) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all definitions, by table."""
    return {
        "funnel_definitions": [
            {
                "project_id": funnel.project_id,
                "funnel_id": funnel.funnel_id,
                "name": funnel.name,
                "step_names": funnel.step_names,
                "step_filters": [_json(filters) for filters in funnel.step_filters],
                "window_seconds": funnel.window_seconds,
                "counted_by": funnel.counted_by,
                "step_order": funnel.step_order,
                "breakdown": funnel.breakdown,
            }
            for funnel in list_funnels(registry)
        ],
        "retention_definitions": [
            {
                "project_id": retention.project_id,
                "retention_id": retention.retention_id,
                "name": retention.name,
                "start_event": retention.start_event,
                "return_event": retention.return_event,
            }
            for retention in list_retentions(registry)
        ],
        "cohort_definitions": [
            {
                "project_id": cohort.project_id,
                "cohort_id": cohort.cohort_id,
                "name": cohort.name,
                "criteria": _json(cohort.criteria),
                "match": cohort.match,
            }
            for cohort in list_cohorts(registry)
        ],
        "goal_definitions": [
            {
                "project_id": goal.project_id,
                "goal_id": goal.goal_id,
                "name": goal.name,
                "event_name": goal.event_name,
                "filters": _json(goal.filters),
            }
            for goal in list_goals(registry)
        ],
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
