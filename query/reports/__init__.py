"""The list of reports; routes, OpenAPI and the Python client are made from it."""

import re
from typing import Any

from event_lens.nearest import nearest
from query.errors import invalid
from query.report import IN_BRACES, Report
from query.reports.attribution import ATTRIBUTION
from query.reports.cohort_behaviour import BEHAVIOUR
from query.reports.cohorts import COHORTS_LIST, MEMBERS_LIST
from query.reports.defined_funnels import DEFINED_FUNNEL
from query.reports.defined_retentions import DEFINED_RETENTION
from query.reports.definition_lists import FUNNELS_LIST, GOALS_LIST, RETENTIONS_LIST
from query.reports.dimensions import ORIGINS
from query.reports.edge_pages import ENTRY_PAGES, EXIT_PAGES
from query.reports.event_names import EVENTS
from query.reports.funnel_dropped import FUNNEL_DROPPED
from query.reports.funnels import FUNNEL
from query.reports.groups import GROUP, GROUPS
from query.reports.ingest import INGEST
from query.reports.lateness import LATENESS
from query.reports.live import LIVE
from query.reports.pages import PAGES
from query.reports.paths import PATHS, SANKEY
from query.reports.profile import PROFILE, TIMELINE
from query.reports.profiles import PROFILES
from query.reports.properties import PROPERTIES
from query.reports.query import QUERY
from query.reports.retention import RETENTION
from query.reports.revenue import REVENUE
from query.reports.session import SESSION
from query.reports.sessions import SESSIONS
from query.reports.trends import BREAKDOWN, METRICS, TIMESERIES

ALL: tuple[Report[Any], ...] = (
    METRICS,
    TIMESERIES,
    BREAKDOWN,
    PAGES,
    ENTRY_PAGES,
    EXIT_PAGES,
    *ORIGINS,
    EVENTS,
    PROPERTIES,
    LIVE,
    RETENTION,
    INGEST,
    LATENESS,
    REVENUE,
    ATTRIBUTION,
    PATHS,
    SANKEY,
    COHORTS_LIST,
    MEMBERS_LIST,
    BEHAVIOUR,
    GOALS_LIST,
    FUNNELS_LIST,
    DEFINED_FUNNEL,
    RETENTIONS_LIST,
    DEFINED_RETENTION,
    SESSIONS,
    SESSION,
    PROFILES,
    PROFILE,
    TIMELINE,
    GROUPS,
    GROUP,
    FUNNEL,
    FUNNEL_DROPPED,
    QUERY,
)
REPORTS: dict[str, Report[Any]] = {report.name: report for report in ALL}


def identifier_of(report: Report[Any]) -> str:
    """Return the report's name as an identifier: `cohort_members`. `funnels/{funnel}` becomes `defined_funnel`,
    because `funnel` is taken.
    """
    name = re.sub(rf"s?/{IN_BRACES}", "", report.name).replace("/", "_")
    is_taken = name in REPORTS and REPORTS[name] is not report
    return f"defined_{name}" if is_taken else name


def find_report(name: str) -> Report[Any]:
    """Return the report whose address `name` is. Raises `Refused` (`question_invalid`), which suggests the nearest
    name.
    """
    for report in ALL:
        if report.match(name) is not None:
            return report
    near = nearest(name, REPORTS)
    hint = f"did you mean {near!r}?" if near else f"known are {', '.join(REPORTS)}."
    raise invalid("question", f"There is no question {name[:80]!r}; {hint}")
