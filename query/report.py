"""A report: the name of a question, its parameters, how they become statements, and the shape of its answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, Protocol, cast
from urllib.parse import quote, unquote

import msgspec

from event_lens.errors import Broken
from query.errors import invalid
from query.paging import mark_of, with_marks, without_mark
from query.parameters import P, PeriodParameters, convert_body, read_parameters, texts
from query.question import Question
from query.report_context import Compare, ProjectScope, ReportContext, read_ask, read_freshness
from query.shapes import answer_of

IN_BRACES = r"\{(\w+)\}"

Asked = tuple[Question, Question | None]
"""A question, and the same question about the earlier period if a comparison is asked for."""


@dataclass(frozen=True)
class Report(Generic[P]):
    """`ask` turns parameters into questions about a project at an instant (ms). With `has_body` the parameters come as
    a JSON body.

    A parameter in braces in the name, as in `cohorts/{cohort}/members`, is part of the question's address and is
    percent-encoded there as in a URL: `profiles/a%2Fb` asks about `a/b`.

    `answer` is the type of the answer's `data`: a `query.shapes.Shape`, or a list of such. The result of the question's
    `shape` (dicts or the shapes themselves) is converted to this type, so it must have exactly its fields.

    `example` holds the parameters of the example in the docs: the required parameters, and those worth showing. The
    example asks about the tests' project `shop`, over 4 to 6 May 2026 unless it gives a period.
    """

    name: str
    summary: str
    parameters: type[P]
    ask: Callable[[ProjectScope, P, int], Asked]
    answer: Any
    example: Mapping[str, Any] = field(default_factory=dict)
    has_body: bool = False

    def questions(self, subject: ProjectScope, parameters: P, now_ms: int) -> Asked:
        """Return the questions. They include unbuilt events if `parameters` ask for that. Raises what `ask` raises, and
        `Refused` (`cursor_invalid`) for a cursor of another question.
        """
        mark, cursor = mark_of(self.name, parameters), getattr(parameters, "cursor", None)
        if cursor is not None:
            parameters = msgspec.structs.replace(parameters, cursor=without_mark(cursor, mark))
        question, previous = self.ask(subject, parameters, now_ms)
        question = with_marks(question, mark)
        if not read_freshness(parameters):
            return question, previous
        of_tail = replace(question, tail_of=subject.project_id)
        return of_tail, previous and replace(previous, tail_of=subject.project_id)

    @property
    def in_address(self) -> tuple[str, ...]:
        """Return the names of the parameters in the address."""
        return tuple(re.findall(IN_BRACES, self.name))

    @cached_property
    def answer_type(self) -> type[msgspec.Struct]:
        """Return the type of the whole answer: its data and its `meta`."""
        names = {each.name for each in msgspec.structs.fields(self.parameters)}
        words = re.findall(r"\w+", re.sub(IN_BRACES, "", self.name))
        name = f"{''.join(word.title() for word in words)}Answer"
        return answer_of(name, self.answer, is_compared="compare" in names, is_paged="cursor" in names)

    def typed(self, answer: Mapping[str, Any]) -> msgspec.Struct:
        """Return `answer` as its declared type. Raises `Broken` (`query_broken`) when it does not fit."""
        try:
            return msgspec.convert(answer, self.answer_type)
        except msgspec.ValidationError as error:
            raise Broken(f"The answer of {self.name} is not as declared: {error}.", code="query_broken") from error

    def read(self, written: Mapping[str, Any]) -> P:
        """Return the parameters, including those of address and body, from written values. Raises `Refused`, which
        names the invalid parameter.
        """
        if self.has_body:
            return convert_body(self.name, self.parameters, dict(written))
        return read_parameters(self.name, self.parameters, texts(written))

    def address(self, written: Mapping[str, Any]) -> str:
        """Return the question's address, filled in from `written`. Raises `Refused` when a parameter of the address
        is missing.
        """
        missing = [name for name in self.in_address if not written.get(name)]
        if missing:
            raise invalid(missing[0], f"{missing[0]} must be given: it stands in the address of `{self.name}`.")
        return self.name.format(**{name: quote(str(written[name]), safe="") for name in self.in_address})

    def match(self, question: str) -> dict[str, str] | None:
        """Return the parameters in the address `question`, or None when the address belongs to another report."""
        pattern = "".join(
            f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part)
            for place, part in enumerate(re.split(IN_BRACES, self.name))
        )
        found = re.fullmatch(pattern, question)
        return None if found is None else {name: unquote(part) for name, part in found.groupdict().items()}


AnyReport = Report[msgspec.Struct]


def over_period(make: Callable[[ReportContext], Question]) -> Callable[[ProjectScope, PeriodParameters, int], Asked]:
    """Return the `ask` of a report whose only parameters are period, filters and limit."""

    def ask(subject: ProjectScope, parameters: PeriodParameters, now_ms: int) -> Asked:
        return make(read_ask(subject, parameters, now_ms)), None

    return ask


class Comparable(Protocol):
    """Parameters that can ask for a comparison."""

    compare: str | None


def compared(ask: ReportContext, parameters: Comparable, make: Callable[[ReportContext], Question]) -> Asked:
    """Return the question. When `parameters` ask for a comparison, also return the same question about the earlier
    period, otherwise None.
    """
    if parameters.compare is None:
        return make(ask), None
    return make(ask), make(ask.before(cast(Compare, parameters.compare)))
