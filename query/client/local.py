"""The warehouse as a source of answers, asked directly by the machine that holds it, without the API and without a
key.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars

from event_lens.clock import Clock, now_ms
from query.built_scope import as_built
from query.client.source import Answer, Progress
from query.client.sql_frame import sql_frame
from query.export import EXPORTS, FORMATS, export_statement, read_export
from query.parameters import read_parameters, texts
from query.pool import Pool
from query.report import AnyReport
from query.report_context import ProjectScope
from query.runner import Answers

NO_TIME_LIMIT = {"max_execution_time": 0}
CONNECTIONS = 2


class Local:
    """The warehouse at `url`, asked about one project; `find_subject` returns the project when it is first needed.

    `database` is where the warehouse has the tables of `lens`. With `project_id`, a user who may read nothing but
    `lens` can ask questions in SQL.
    """

    def __init__(
        self,
        url: str | Callable[[], str],
        find_subject: Callable[[Pool], ProjectScope],
        clock: Clock = now_ms,
        database: str = "lens",
        project_id: str | None = None,
    ) -> None:
        self._pool = Pool(url, CONNECTIONS)
        self._answers = Answers(self._pool, clock, database)
        self._database = database
        self._find_subject = find_subject
        self._clock = clock
        self._project_id = project_id

    @property
    def subject(self) -> ProjectScope:
        """Return the project that questions are about, with its settings of now."""
        return self._find_subject(self._pool)

    @property
    def project_id(self) -> str:
        return self._project_id or self.subject.project_id

    def answer(self, report: AnyReport, written: Mapping[str, Any]) -> Answer:
        subject = as_built(self.subject, self._answers.freshness())
        asked = report.questions(subject, report.read(written), self._clock())
        answer: Answer = msgspec.to_builtins(report.typed(self._answers.answer(*asked, subject=subject)))
        return answer

    def export(self, file: str, written: Mapping[str, Any], target: Path, progress: Progress) -> None:
        table, format = read_export(file)
        parameters = read_parameters(file, EXPORTS[table], texts(written))
        subject = as_built(self.subject, self._answers.freshness())
        statement = export_statement(subject, table, format, parameters, self._clock())
        draft = target.with_name(f"{target.name}.part")
        with self._pool.lend() as warehouse, draft.open("wb") as output, statement.refusing():
            sql = statement.sql_over(self._database)
            for piece in warehouse.stream(sql, FORMATS[format], statement.parameters, NO_TIME_LIMIT):
                output.write(piece)
                progress(output.tell())
        draft.replace(target)

    def sql(self, statement: str, parameters: Mapping[str, Any]) -> polars.DataFrame:
        with self._pool.lend() as warehouse:
            return sql_frame(warehouse, statement, parameters)
