"""Answers straight from the warehouse, for notebooks on the machine that holds it: no API and no key in between."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from event_lens.clock import Clock, now_ms
from query.client import Answer, Written
from query.export import EXPORTS, FORMATS, export_statement, read_export
from query.parameters import NoParameters, convert_body, read_parameters, texts
from query.pool import Pool
from query.report import Asked, Report
from query.report_context import Subject
from query.reports import find_report
from query.runner import Answers

NO_TIME_LIMIT = {"max_execution_time": 0}


class Direct:
    """A `query.client.Source` over the warehouse at `url`, for one project."""

    def __init__(self, url: str, subject: Subject, clock: Clock = now_ms) -> None:
        self._pool = Pool(url, 2)
        self._answers = Answers(self._pool, clock)
        self._subject = subject
        self._clock = clock

    def answer(self, question: str, parameters: Mapping[str, Written], body: Answer | None = None) -> Answer:
        report = find_report(question)
        asked = self._asked(report, question, parameters, body)
        answer: Answer = msgspec.to_builtins(report.typed(self._answers.answer(*asked)))
        return answer

    def export(self, file: str, parameters: Mapping[str, Written], target: Path) -> None:
        table, format = read_export(file)
        written = read_parameters(file, EXPORTS[table], texts(parameters))
        statement = export_statement(self._subject, table, format, written, self._clock())
        with self._pool.lend() as warehouse, target.open("wb") as output:
            for piece in warehouse.stream(statement.sql, FORMATS[format], statement.parameters, NO_TIME_LIMIT):
                output.write(piece)

    def _asked(
        self, report: Report[Any], question: str, parameters: Mapping[str, Written], body: Answer | None
    ) -> Asked:
        written: Any
        if report.has_body:
            read_parameters(f"the address of {question}", NoParameters, texts(parameters))
            written = convert_body(question, report.parameters, body)
        else:
            in_address = report.match(question) or {}
            written = read_parameters(question, report.parameters, [*in_address.items(), *texts(parameters)])
        return report.ask(self._subject, written, self._clock())
