"""The context of a question: the project, and the meaning of the parameters that most questions share."""

from dataclasses import dataclass, replace
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from event_lens.contract.filters import Filter
from query.errors import choose, invalid
from query.filters import read_filters
from query.parameters import (
    FRESHNESSES,
    LIVE,
    FilteredParameters,
    ListParameters,
    PeriodParameters,
    RankedParameters,
)
from query.periods import Period, read_period

Compare = Literal["previous", "year"]

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000


@dataclass(frozen=True)
class ProjectScope:
    """A project as questions see it: its id, time zone, currency, shard and quotas.

    `has_states` says whether rollups have the states behind their distinct counts; a lake has rollups without states.
    The project may ask `questions_at_once`, and its exports may have `export_rows`; 0 means no limit of its own.

    `follows` are the registry's settings that numbers depend on, and `changed` names those that no build has followed
    yet, with the values before and after (`query.built_scope`). With `is_in_change` a build has begun to apply
    changes, so numbers may follow either.
    """

    project_id: str
    zone: ZoneInfo
    currency: str
    shard: int = 1
    has_states: bool = True
    questions_at_once: int = 0
    export_rows: int = 0
    follows: tuple[tuple[str, object], ...] = ()
    changed: tuple[str, ...] = ()
    is_in_change: bool = False

    @property
    def is_pending(self) -> bool:
        """Return whether changed settings or definitions wait for the end of a build."""
        return bool(self.changed) or self.is_in_change


@dataclass(frozen=True)
class ReportContext:
    """One project, one period, the filters and the number of rows: the inputs of every statement."""

    subject: ProjectScope
    period: Period
    filters: tuple[Filter, ...]
    limit: int
    now_ms: int
    is_live: bool = False

    @property
    def needs_facts(self) -> bool:
        """Return whether rollups cannot answer: they have no columns for filters, and no rows that landed since the
        build.
        """
        return bool(self.filters) or self.is_live or not self.subject.has_states

    @property
    def event_filters(self) -> tuple[Filter, ...]:
        return tuple(each for each in self.filters if not each.is_of_session)

    @property
    def session_filters(self) -> tuple[Filter, ...]:
        return tuple(each for each in self.filters if each.is_of_session)

    def before(self, compare: Compare) -> "ReportContext":
        """Return the same context for the period before (`previous`), or for the same period a year before (`year`)."""
        return replace(self, period=self.period.previous() if compare == "previous" else self.period.year_before())


def read_ask(subject: ProjectScope, parameters: PeriodParameters, now_ms: int) -> ReportContext:
    """Return the context that `parameters` describe for `subject` now. Raises `Refused`, which names the invalid
    parameter.
    """
    compare = getattr(parameters, "compare", None)
    if compare is not None:
        choose("compare", compare, get_args(Compare))
    return ReportContext(
        subject=subject,
        period=read_period(parameters.start_date, parameters.end_date, parameters.range, subject.zone, now_ms),
        filters=read_filters(parameters.filters if isinstance(parameters, FilteredParameters) else None),
        limit=read_limit(parameters.limit if isinstance(parameters, ListParameters | RankedParameters) else None),
        now_ms=now_ms,
        is_live=read_freshness(parameters),
    )


def read_freshness(parameters: object) -> bool:
    """Return whether unbuilt events should count as well. Raises `Refused` (`freshness_invalid`)."""
    freshness = getattr(parameters, "freshness", None)
    return freshness is not None and choose("freshness", freshness, FRESHNESSES) == LIVE


def read_limit(written: int | None) -> int:
    """Return the limit, 100 by default. Raises `Refused` (`limit_invalid`)."""
    limit = DEFAULT_LIMIT if written is None else written
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid("limit", f"limit is 1 to {MAX_LIMIT}, not {limit}.")
    return limit
