"""What is asked of a project: the parameters that questions share, as callers write them and as they are meant."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from event_lens.contract.filter import Filter
from query.filters import read_filters
from query.periods import Period, read_period
from query.refusals import choose, invalid

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 10_000


@dataclass(frozen=True)
class Subject:
    """Whose numbers, and by which clock and currency."""

    project_id: str
    zone: ZoneInfo
    currency: str


@dataclass(frozen=True)
class Written:
    """The common parameters as text; None where the caller wrote nothing."""

    start_date: str | None = None
    end_date: str | None = None
    range: str | None = None
    filters: str | None = None
    compare: str | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Ask:
    """One project, one period, the filters and the number of rows: what every statement is made of."""

    subject: Subject
    period: Period
    filters: tuple[Filter, ...]
    limit: int
    is_compared: bool
    now_ms: int

    @property
    def event_filters(self) -> tuple[Filter, ...]:
        return tuple(each for each in self.filters if not each.is_of_session)

    @property
    def session_filters(self) -> tuple[Filter, ...]:
        return tuple(each for each in self.filters if each.is_of_session)

    def before(self) -> "Ask":
        """The same of the period before."""
        return replace(self, period=self.period.previous())


def read_ask(subject: Subject, written: Written, now_ms: int) -> Ask:
    """What `written` means for `subject` now. Raises `Refused` that names the parameter."""
    limit = DEFAULT_LIMIT if written.limit is None else written.limit
    if not 1 <= limit <= LARGEST_LIMIT:
        raise invalid("limit", f"limit is 1 to {LARGEST_LIMIT}, not {limit}.")
    if written.compare is not None:
        choose("compare", written.compare, ("previous",))
    return Ask(
        subject=subject,
        period=read_period(written.start_date, written.end_date, written.range, subject.zone, now_ms),
        filters=read_filters(written.filters),
        limit=limit,
        is_compared=written.compare is not None,
        now_ms=now_ms,
    )
