"""The tags that say what a run builds."""

from collections.abc import Mapping

import dagster as dg

# The part of its range of partitions that a run rebuilds: only days touched by unbuilt batches, all days, or every
# table from scratch.
SCOPE_TAG = "eventlens/scope"
TOUCHED, RANGE, EVERYTHING = "touched", "range", "everything"
# The first and last day of a run that we asked for. Dagster's own tags say which of these days its page shows.
DAYS_TAG = "eventlens/days"
# The plan that was made before the run was asked for.
PLAN_TAG = "eventlens/plan"
# The only project that a run builds, which was set aside.
PROJECT_TAG = "eventlens/project"


def plan_of(run: dg.DagsterRun) -> str:
    """Return the id of the run's plan: the id in its tags, or the run's own id if the tags have none."""
    return run.tags.get(PLAN_TAG, run.run_id)


def scope_of(tags: Mapping[str, str]) -> str:
    return tags.get(SCOPE_TAG, RANGE)
