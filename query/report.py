"""A report: a question by its name, the parameters that it takes, and how they become statements."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

import msgspec

from query.parameters import P, PeriodParameters, TrendParameters
from query.question import Question
from query.report_context import Ask, Subject, read_ask

IN_BRACES = r"\{(\w+)\}"

Asked = tuple[Question, Question | None]
"""A question, and the same of the period before where that is asked for."""


@dataclass(frozen=True)
class Report(Generic[P]):
    """`ask` makes questions of the parameters for a project now. Where `has_body`, they are a JSON body.

    A parameter in braces in the name, as in `cohorts/{cohort}/members`, stands in the question's address.
    """

    name: str
    summary: str
    parameters: type[P]
    ask: Callable[[Subject, P, int], Asked]
    has_body: bool = False

    @property
    def in_address(self) -> tuple[str, ...]:
        """The parameters that stand in the address."""
        return tuple(re.findall(IN_BRACES, self.name))

    def match(self, question: str) -> dict[str, str] | None:
        """The parameters in the address `question`, or None when it is another report's."""
        pattern = "".join(
            f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part)
            for place, part in enumerate(re.split(IN_BRACES, self.name))
        )
        found = re.fullmatch(pattern, question)
        return None if found is None else found.groupdict()


AnyReport = Report[msgspec.Struct]


def over_period(make: Callable[[Ask], Question]) -> Callable[[Subject, PeriodParameters, int], Asked]:
    """The `ask` of a report that needs no more than period, filters and limit."""

    def ask(subject: Subject, parameters: PeriodParameters, now_ms: int) -> Asked:
        return make(read_ask(subject, parameters, now_ms)), None

    return ask


def compared(ask: Ask, parameters: TrendParameters, make: Callable[[Ask], Question]) -> Asked:
    """The question, and the same of the period before when `parameters` ask for it."""
    return make(ask), make(ask.before()) if parameters.compare is not None else None
