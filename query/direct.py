"""Answers straight from the warehouse, for notebooks on the machine that holds it: no API and no key in between."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from event_lens.clock import Clock, now_ms
from query.answers import Answers
from query.ask import Ask, Subject, Written, read_ask
from query.client import Answer
from query.client import Written as Value
from query.event_names import event_names
from query.export import FORMATS, export_statement, read_export
from query.funnels import WrittenFunnel, funnel_steps, read_funnel
from query.ingest import LEDGER_ZONE, ingest
from query.live import live
from query.origins import DIMENSIONS, PLACES, origins
from query.pages import edge_pages, pages
from query.periods import read_interval
from query.pool import Pool
from query.question import Question
from query.refusals import choose, invalid
from query.retention import read_returning, retention
from query.trends import metrics, timeseries

Texts = dict[str, Any]

NO_TIME_LIMIT = {"max_execution_time": 0}


class Direct:
    """A `query.client.Source` over the warehouse at `url`, for one project."""

    def __init__(self, url: str, subject: Subject, clock: Clock = now_ms) -> None:
        self._pool = Pool(url, 2)
        self._answers = Answers(self._pool, clock)
        self._subject = subject
        self._clock = clock

    def answer(self, question: str, parameters: Mapping[str, Value], body: Answer | None = None) -> Answer:
        return self._answers.answer(self._question(question, dict(parameters), body))

    def export(self, file: str, parameters: Mapping[str, Value], target: Path) -> None:
        table, format = read_export(file)
        statement = export_statement(self._ask(self._subject, dict(parameters)), table, format)
        with self._pool.lend() as warehouse, target.open("wb") as output:
            for piece in warehouse.stream(statement.sql, FORMATS[format], statement.parameters, NO_TIME_LIMIT):
                output.write(piece)

    def _question(self, name: str, own: Texts, body: Answer | None) -> Question:
        if name == "funnel":
            funnel = msgspec.convert(body, WrittenFunnel)
            return funnel_steps(
                self._ask(
                    self._subject, {"startDate": funnel.start_date, "endDate": funnel.end_date, "range": funnel.range}
                ),
                read_funnel(funnel),
            )
        if name == "live":
            return live(self._subject, self._clock())
        subject = self._subject
        if name == "ingest":
            subject = Subject(subject.project_id, LEDGER_ZONE, subject.currency)
        ask = self._ask(subject, own)
        if name == "geo":
            return origins(ask, choose("by", own.get("by", "country"), PLACES))
        if name in DIMENSIONS:
            return origins(ask, name)
        questions: dict[str, Callable[[], Question]] = {
            "metrics": lambda: metrics(ask),
            "timeseries": lambda: timeseries(ask, read_interval(own.get("interval", "day"))),
            "pages": lambda: pages(ask),
            "pages/entry": lambda: edge_pages(ask, "entry"),
            "pages/exit": lambda: edge_pages(ask, "exit"),
            "events": lambda: event_names(ask),
            "ingest": lambda: ingest(ask, read_interval(own.get("interval", "day"))),
            "retention": lambda: retention(
                ask,
                read_returning(
                    own.get("period", "week"),
                    own.get("periods"),
                    own.get("mode", "first"),
                    own.get("criteria", "on"),
                    own.get("by", "profile"),
                    own.get("startEvent"),
                    own.get("returnEvent"),
                ),
            ),
        }
        if name not in questions:
            raise invalid("question", f"There is no question {name[:80]!r}.")
        return questions[name]()

    def _ask(self, subject: Subject, own: Texts) -> Ask:
        filters = own.get("filters")
        text = filters if filters is None or isinstance(filters, str) else msgspec.json.encode(filters).decode()
        written = Written(own.get("startDate"), own.get("endDate"), own.get("range"), text, None, own.get("limit"))
        return read_ask(subject, written, self._clock())
